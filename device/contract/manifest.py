"""The JSON beside a model: everything a program must know to use it, checked together with it.

A model never travels alone. Preprocessing, decoding and provenance belong to the model, not to the
program that runs it. Every field is either obeyed or, where its value cannot be obeyed, refused at loading.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from device.contract.bounds import Pixels, Sha256, Side, Text
from device.contract.codec import CODECS, COORDINATES
from device.contract.errors import BadInputError
from device.contract.files import absence, read_bounded, sha256_of, write_whole_bytes
from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.scheme_file import know_scheme
from device.contract.shape import correction_of
from device.contract.tensors import TensorSpec

MANIFEST_SCHEMA = 1
"""Raised when a reader of the old form could misread the new one."""

MAX_BYTES = 4 << 20
"""Largest manifest that is read; the shape correction of 98 points takes 105 kB."""

CHANNELS = "bgr"
"""The only supported channel order: frames have it, so no pixel moves on its way to the network."""

PIXEL_OFFSET = 128
"""The only offset that an int8 input supports: `pixel - 128` is one flipped bit."""

REMEDY = "write both again with `make convert`"


class CropRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How a face box becomes the network's input."""

    margin: Annotated[float, Meta(gt=0, le=10)]
    """Side of the square crop over the longest side of the landmarks' tight box."""
    size_wh: tuple[Side, Side]
    """Pixels of the crop."""
    channels: Text = CHANNELS
    """Order of the colour channels."""


class CodecRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How the network's output becomes landmarks."""

    name: Text
    """One of device.contract.codec.CODECS."""
    stride: Pixels
    """Crop pixels per cell; the whole crop's side for coordinates."""
    half_score_px: Pixels
    """Spread beyond `sure_px`, crop pixels, at which a landmark's score is 0.5; coordinates have none."""
    sure_px: Annotated[float, Meta(ge=0, le=4096)] = 0.0
    """Spread of a map without any doubt, which has a score of 1."""
    shape: Annotated[str, Meta(max_length=MAX_BYTES)] = ""
    """Correction by the shape of the whole face, as device.contract.shape writes it; empty: none."""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What every manifest says of its model file."""

    name: Text
    """Short name for the stream and for people."""
    file: Text
    """The model's file name, in the manifest's own folder."""
    sha256: Sha256
    """Of the model file."""

    @property
    def identity(self) -> str:
        """NAME@sha8, as every message carries it."""
        return f"{self.name}@{self.sha256[:8]}"


class ModelManifest(Manifest, frozen=True, forbid_unknown_fields=True):
    """What `student.json` says of `student.tflite`."""

    scheme: Text
    """Landmark scheme by name."""
    crop: CropRule
    """Box to crop."""
    input: TensorSpec
    """The crop's tensor: `real = scale * (integer - zero_point)`."""
    pixel_offset: Annotated[int, Meta(ge=0, le=255)]
    """Subtracted from a uint8 pixel to give the input's integer (int8) or real times 128 (float)."""
    landmarks_output: TensorSpec = field(name="heatmap")
    """Raw maps (1, H, W, K), or coordinates (1, 2 K)."""
    presence: TensorSpec
    """Logit that the crop holds a face, one number."""
    codec: CodecRule
    """Output to landmarks."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Measured by the conversion, fractions, keyed by what was measured."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Source commit, checkpoint, recipe, data, tools."""
    schema: int = MANIFEST_SCHEMA
    """Of this file."""

    @property
    def landmark_scheme(self) -> LandmarkScheme:
        """The scheme the points follow."""
        return SCHEMES[self.scheme]


AnyManifest = TypeVar("AnyManifest", bound=Manifest)


class _Version(Struct):
    """The one field that is the same in every version of a manifest."""

    schema: Any = None


def manifest_path_of(model: Path) -> Path:
    """Where a model's manifest lies: beside it, the same stem, `.json`."""
    return model.with_suffix(".json")


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest whole, keys in the order of the fields.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    text = json.dumps(msgspec.to_builtins(manifest), indent=1)
    write_whole_bytes(path, (text + "\n").encode())


def read_typed_manifest(path: Path, kind: type[AnyManifest], schema: int) -> AnyManifest:
    """A manifest of some kind with its types and ranges checked, but not yet whether its fields agree.

    Raises:
        BadInputError: no such file, not JSON, another schema, a missing or unknown field, a value of
            another type or out of range.
    """
    if missing := absence(path):
        raise BadInputError(f"no manifest at {path} ({missing}): a model needs its JSON beside it; {REMEDY}")
    data = read_bounded(path, MAX_BYTES)
    try:
        got = msgspec.json.decode(data, type=_Version).schema
        if type(got) is not int or got != schema:
            raise BadInputError(f"manifest {path} has schema {got!r:.40}, wanted {schema}; {REMEDY}")
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"manifest {path} cannot be used: {error}; {REMEDY}") from error
    except RecursionError as error:
        raise BadInputError(f"manifest {path} is nested too deeply to be one; {REMEDY}") from error


def read_manifest(path: Path) -> ModelManifest:
    """Read and check a landmark model's manifest by itself.

    Raises:
        BadInputError: as `read_typed_manifest`; an unknown scheme or codec; fields that do not agree with
            each other; or a value that this project cannot obey.
    """
    manifest = read_typed_manifest(path, ModelManifest, MANIFEST_SCHEMA)
    know_scheme(manifest.scheme, path.parent)
    check_words(path, channels=(manifest.crop.channels, (CHANNELS,)), codec=(manifest.codec.name, CODECS))
    check_words(path, **{"landmark scheme": (manifest.scheme, tuple(SCHEMES))})
    _check_landmarks_output(manifest, path)
    _check_input(manifest, path)
    check_tensors(path, manifest.input, manifest.landmarks_output, manifest.presence)
    check_pixel_offset(path, manifest.input, manifest.pixel_offset)
    if set(manifest.presence.shape) != {1}:
        raise BadInputError(
            f"manifest {path} has presence of shape {manifest.presence.shape}, wanted one number; {REMEDY}"
        )
    try:
        correction_of(manifest.codec.shape, manifest.landmark_scheme.count)
    except ValueError as error:
        raise BadInputError(f"manifest {path} has {error}; {REMEDY}") from error
    return manifest


def check_words(path: Path, **words: tuple[str, tuple[str, ...]]) -> None:
    """Each word must be one of those known for it.

    Args:
        path: of the manifest.
        words: what the word names, to the word and the known ones.

    Raises:
        BadInputError: a word that is not known.
    """
    for what, (got, known) in words.items():
        if got not in known:
            raise BadInputError(f"manifest {path} names {what} {got!r}, known: {', '.join(known)}; {REMEDY}")


def check_tensors(path: Path, *tensors: TensorSpec) -> None:
    """An integer tensor has a scale; a float one has none.

    Raises:
        BadInputError: one is without sense.
    """
    for tensor in tensors:
        if (tensor.dtype != "float32") != tensor.quantised or (not tensor.quantised and tensor.zero_point):
            raise BadInputError(
                f"manifest {path} has {tensor.dtype} tensor {tensor.name} of scale {tensor.scale:g} and zero "
                f"point {tensor.zero_point}, wanted integers with a scale, or float32 with neither; {REMEDY}"
            )


def check_pixel_offset(path: Path, taken: TensorSpec, pixel_offset: int) -> None:
    """An int8 input is filled by flipping one bit, which subtracts 128.

    Raises:
        BadInputError: an int8 input wants another offset.
    """
    if taken.dtype == "int8" and pixel_offset != PIXEL_OFFSET:
        raise BadInputError(
            f"manifest {path} has pixel_offset {pixel_offset}, an int8 input wants {PIXEL_OFFSET}; {REMEDY}"
        )


def _check_landmarks_output(manifest: ModelManifest, path: Path) -> None:
    """The output's shape must be the scheme's and the codec's."""
    shape, count = manifest.landmarks_output.shape, manifest.landmark_scheme.count
    plain = manifest.codec.name == COORDINATES
    if (plain and shape != (1, 2 * count)) or (not plain and shape != (1, *shape[1:3], count)):
        wanted = f"coordinates (1, {2 * count})" if plain else f"{count} maps (1, H, W, {count})"
        raise BadInputError(
            f"manifest {path} has an output {shape}, scheme {manifest.scheme} and codec "
            f"{manifest.codec.name} want {wanted}; {REMEDY}"
        )


def _check_input(manifest: ModelManifest, path: Path) -> None:
    """The input must be the crop, and the cells must cover it, or every landmark would be scaled."""
    width, height = manifest.crop.size_wh
    if manifest.input.shape != (1, height, width, 3):
        raise BadInputError(
            f"manifest {path} has input shape {manifest.input.shape}, its crop rule gives "
            f"{(1, height, width, 3)}; {REMEDY}"
        )
    plain, stride = manifest.codec.name == COORDINATES, manifest.codec.stride
    rows, columns = (1, 1) if plain else manifest.landmarks_output.shape[1:3]
    if (rows * stride, columns * stride) != (height, width):
        raise BadInputError(
            f"manifest {path} has {columns}x{rows} cells of stride {stride:g}, "
            f"the crop is {width}x{height}; {REMEDY}"
        )


def read_pair(model: Path, read: Callable[[Path], AnyManifest]) -> AnyManifest:
    """The manifest of a model file by its reader, after checking that the two belong together.

    Raises:
        BadInputError: the model or its manifest is missing, unreadable, or they do not fit.
    """
    if missing := absence(model):
        raise BadInputError(
            f"no model at {model} ({missing}): give a .tflite file, or make one with `make convert`"
        )
    path = manifest_path_of(model)
    manifest = read(path)
    if manifest.file != model.name:
        raise BadInputError(f"manifest {path} is for {manifest.file}, got {model.name}; {REMEDY}")
    try:
        digest = sha256_of(model)
    except OSError as error:
        raise BadInputError(f"cannot read model {model}: {error.strerror}; check its permissions") from error
    if digest != manifest.sha256:
        raise BadInputError(
            f"model {model} has sha256 {digest[:8]}..., its manifest says {manifest.sha256[:8]}...: "
            f"the file is damaged or the two are not a pair; {REMEDY}"
        )
    return manifest


def read_model_manifest(model: Path) -> ModelManifest:
    """The manifest of a landmark model, checked with its file.

    Raises:
        BadInputError: the model or its manifest is missing, unreadable, or they do not fit.
    """
    return read_pair(model, read_manifest)
