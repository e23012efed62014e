"""The JSON beside a model: everything a program must know to use it, checked together with it.

A model never travels alone. Preprocessing, decoding and provenance belong to the model, not to the
program that runs it.
"""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from device.contract.codec import CODECS, COORDINATES
from device.contract.errors import BadInputError
from device.contract.files import sha256_of, write_whole_bytes
from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.shape import correction_of
from device.contract.tensors import TensorSpec

MANIFEST_SCHEMA = 1
"""Raised when a reader of the old form could misread the new one."""

REMEDY = "write both again with `make convert`"


@dataclass(frozen=True)
class CropRule:
    """How a face box becomes the network's input."""

    margin: float
    """Side of the square roi over the longest side of the landmarks' tight box."""
    size_wh: tuple[int, int]
    """Pixels of the crop."""
    channels: str = "bgr"
    """Order of the colour channels."""

    def __post_init__(self) -> None:
        """JSON gives lists; equality wants tuples."""
        object.__setattr__(self, "size_wh", tuple(self.size_wh))


@dataclass(frozen=True)
class CodecRule:
    """How the output maps become landmarks."""

    name: str
    """One of device.contract.codec.CODECS."""
    stride: float
    """Crop pixels per cell; the whole crop's side for coordinates."""
    half_score_px: float
    """Spread beyond `sure_px`, crop pixels, at which a landmark's score is 0.5; coordinates have none."""
    sure_px: float = 0.0
    """Spread of a map without any doubt, which has a score of 1."""
    shape: str = ""
    """Correction by the shape of the whole face, as device.contract.shape writes it; empty: none."""


@dataclass(frozen=True)
class ModelManifest:
    """What `student.json` says of `student.tflite`."""

    name: str
    """Short name for the stream and for people."""
    file: str
    """The model's file name, in the manifest's own folder."""
    sha256: str
    """Of the model file."""
    scheme: str
    """Landmark scheme by name."""
    crop: CropRule
    """Box to crop."""
    input: TensorSpec
    """The crop's tensor: `real = scale * (integer - zero_point)`."""
    pixel_offset: int
    """Subtracted from a uint8 pixel to give the input's integer (int8) or real times 128 (float)."""
    heatmap: TensorSpec
    """Raw maps (1, H, W, K), or coordinates (1, 2 K)."""
    presence: TensorSpec
    """Logit that the crop holds a face, (1, 1)."""
    codec: CodecRule
    """Maps to landmarks."""
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

    @property
    def identity(self) -> str:
        """NAME@sha8, as every message carries it."""
        return f"{self.name}@{self.sha256[:8]}"


class Manifest(Protocol):
    """What every manifest says of its file; a dataclass."""

    @property
    def file(self) -> str:
        """The model's file name, in the manifest's own folder."""
        ...

    @property
    def sha256(self) -> str:
        """Of the model file."""
        ...


AnyManifest = TypeVar("AnyManifest", bound=Manifest)


def manifest_path_of(model: Path) -> Path:
    """Where a model's manifest lies: beside it, the same stem, `.json`."""
    return model.with_suffix(".json")


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest whole, keys in the dataclass's order.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    text = json.dumps(dataclasses.asdict(manifest), indent=1)  # type: ignore[call-overload]
    write_whole_bytes(path, (text + "\n").encode())


def tensor_of_values(values: dict[str, Any]) -> TensorSpec:
    """A tensor as the JSON holds it."""
    return TensorSpec(**{**values, "shape": tuple(values["shape"])})


def _parse(values: dict[str, Any]) -> ModelManifest:
    """Fields of the JSON object as a manifest; unknown keys are refused by the dataclasses."""
    return ModelManifest(
        **{
            **values,
            "crop": CropRule(**values["crop"]),
            "codec": CodecRule(**values["codec"]),
            "input": tensor_of_values(values["input"]),
            "heatmap": tensor_of_values(values["heatmap"]),
            "presence": tensor_of_values(values["presence"]),
        }
    )


def read_json_manifest(
    path: Path, schema: int, parse: Callable[[dict[str, Any]], AnyManifest]
) -> AnyManifest:
    """A manifest of any kind, parsed but not yet checked.

    Raises:
        BadInputError: no such file, not JSON, another schema, a missing or unknown field.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInputError(f"no manifest at {path}: a model needs its JSON beside it; {REMEDY}") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"manifest {path} is not readable JSON ({error}); {REMEDY}") from error
    if not isinstance(values, dict) or values.get("schema") != schema:
        got = values.get("schema") if isinstance(values, dict) else type(values).__name__
        raise BadInputError(f"manifest {path} has schema {got}, wanted {schema}; {REMEDY}")
    try:
        return parse(values)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInputError(f"manifest {path} lacks or misnames a field ({error}); {REMEDY}") from error


def read_manifest(path: Path) -> ModelManifest:
    """Read and check a manifest by itself.

    Raises:
        BadInputError: no such file, not JSON, another schema, a missing or unknown field, an unknown
            landmark scheme, or shapes that do not agree with each other.
    """
    manifest = read_json_manifest(path, MANIFEST_SCHEMA, _parse)
    _check_self_consistent(manifest, path)
    return manifest


def _check_self_consistent(manifest: ModelManifest, path: Path) -> None:
    if manifest.scheme not in SCHEMES:
        raise BadInputError(
            f"manifest {path} names landmark scheme {manifest.scheme!r}, known: {', '.join(SCHEMES)}; "
            f"{REMEDY}"
        )
    if manifest.codec.name not in CODECS:
        raise BadInputError(
            f"manifest {path} names codec {manifest.codec.name!r}, known: {', '.join(CODECS)}; {REMEDY}"
        )
    shape, count = manifest.heatmap.shape, manifest.landmark_scheme.count
    plain = manifest.codec.name == COORDINATES
    if (plain and shape != (1, 2 * count)) or (not plain and (len(shape) != 4 or shape[-1] != count)):
        wanted = f"coordinates (1, {2 * count})" if plain else f"{count} maps (1, H, W, {count})"
        raise BadInputError(
            f"manifest {path} has an output {shape}, scheme {manifest.scheme} and codec "
            f"{manifest.codec.name} want {wanted}; {REMEDY}"
        )
    width, height = manifest.crop.size_wh
    if manifest.input.shape != (1, height, width, 3):
        raise BadInputError(
            f"manifest {path} has input shape {manifest.input.shape}, its crop rule gives "
            f"{(1, height, width, 3)}; {REMEDY}"
        )
    try:
        correction_of(manifest.codec.shape, count)
    except ValueError as error:
        raise BadInputError(f"manifest {path} has {error}; {REMEDY}") from error
    # The codec's stride must cover the crop, or every landmark would be scaled.
    cells = (1, 1) if plain else shape[1:3]
    if (cells[0] * manifest.codec.stride, cells[1] * manifest.codec.stride) != (height, width):
        raise BadInputError(
            f"manifest {path} has {cells[1]}x{cells[0]} cells of stride {manifest.codec.stride:g}, "
            f"the crop is {width}x{height}; {REMEDY}"
        )


def read_pair(model: Path, read: Callable[[Path], AnyManifest]) -> AnyManifest:
    """The manifest of a model file by its reader, after checking that the two belong together.

    Raises:
        BadInputError: the model or its manifest is missing, unreadable, or they do not fit.
    """
    if not model.is_file():
        raise BadInputError(f"no model at {model}: give a .tflite file, or make one with `make convert`")
    path = manifest_path_of(model)
    manifest = read(path)
    if manifest.file != model.name:
        raise BadInputError(f"manifest {path} is for {manifest.file}, got {model.name}; {REMEDY}")
    digest = sha256_of(model)
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
