"""The JSON beside a finder: what `finder.json` says of `finder.tflite`, checked together with it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from device.contract.finder_codec import POINT_COUNT, FinderCodecRule
from device.contract.manifest import REMEDY, read_json_manifest, read_pair, tensor_of_values
from device.contract.tensors import TensorSpec

FINDER_SCHEMA = 1
"""Raised when a reader of the old form could misread the new one."""

TASK = "finder"
CODEC = "centre_size"
LETTERBOX = "top_left"


@dataclass(frozen=True)
class FinderManifest:
    """How a finder is fed and read."""

    name: str
    """Short name for people."""
    file: str
    """The model's file name, in the manifest's own folder."""
    sha256: str
    """Of the model file."""
    input: TensorSpec
    """The frame's tensor: `real = scale * (integer - zero_point)`."""
    pixel_offset: int
    """Subtracted from a uint8 pixel to give the input's integer (int8) or real times 128 (float)."""
    score: TensorSpec
    """Raw map (1, H, W, 1)."""
    box: TensorSpec
    """Raw map (1, H, W, 4)."""
    points: TensorSpec
    """Raw map (1, H, W, 10)."""
    codec: FinderCodecRule
    """Maps to faces."""
    letterbox: str = LETTERBOX
    """top_left: the frame shrunk to fit, in the top left corner, the rest pixel 128; the only rule."""
    channels: str = "bgr"
    """Order of the colour channels."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Measured by the conversion, fractions, keyed by what was measured."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Source commit, checkpoint, recipe, data, tools."""
    task: str = TASK
    """What tells it from a landmark network's."""
    schema: int = FINDER_SCHEMA
    """Of this file."""

    @property
    def input_wh(self) -> tuple[int, int]:
        """Pixels of the input."""
        return self.input.shape[2], self.input.shape[1]

    @property
    def identity(self) -> str:
        """NAME@sha8."""
        return f"{self.name}@{self.sha256[:8]}"


def _parse(values: dict[str, Any]) -> FinderManifest:
    tensors = {key: tensor_of_values(values[key]) for key in ("input", "score", "box", "points")}
    return FinderManifest(**{**values, **tensors, "codec": FinderCodecRule(**values["codec"])})


def _check(manifest: FinderManifest, path: Path) -> None:
    words = {
        "task": (manifest.task, TASK),
        "codec": (manifest.codec.name, CODEC),
        "letterbox": (manifest.letterbox, LETTERBOX),
        "channels": (manifest.channels, "bgr"),
    }
    for what, (got, wanted) in words.items():
        if got != wanted:
            raise BadInputError(f"manifest {path} names {what} {got!r}, known: {wanted}; {REMEDY}")
    rule = manifest.codec
    if not 0 < rule.least_score < 1 or min(rule.stride, rule.offset_px, rule.size_px) <= 0:
        raise BadInputError(f"manifest {path} has a codec without sense, {rule}; {REMEDY}")
    width, height = manifest.input_wh
    grid = int(height // rule.stride), int(width // rule.stride)
    shapes = {
        "input": (manifest.input, (1, height, width, 3)),
        "score": (manifest.score, (1, *grid, 1)),
        "box": (manifest.box, (1, *grid, 4)),
        "points": (manifest.points, (1, *grid, 2 * POINT_COUNT)),
    }
    for what, (tensor, shape) in shapes.items():
        if tensor.shape != shape:
            raise BadInputError(
                f"manifest {path} has {what} of shape {tensor.shape}, its input and stride give {shape}; "
                f"{REMEDY}"
            )


def read_finder_manifest(path: Path) -> FinderManifest:
    """Read and check a finder's manifest by itself.

    Raises:
        BadInputError: no such file, not JSON, another schema or task, a missing or unknown field, or
            shapes that do not agree with each other.
    """
    manifest = read_json_manifest(path, FINDER_SCHEMA, _parse)
    _check(manifest, path)
    return manifest


def read_finder_model(model: Path) -> FinderManifest:
    """The manifest of a finder's file, checked with it.

    Raises:
        BadInputError: the model or its manifest is missing, unreadable, or they do not fit.
    """
    return read_pair(model, read_finder_manifest)
