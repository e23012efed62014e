"""The JSON beside a finder: what `finder.json` says of `finder.tflite`, checked together with it."""

from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, field

from device.contract.bounds import Text
from device.contract.errors import BadInputError
from device.contract.finder_codec import POINT_COUNT, FinderCodecRule
from device.contract.manifest import (
    CHANNELS,
    REMEDY,
    Manifest,
    check_pixel_offset,
    check_tensors,
    check_words,
    read_pair,
    read_typed_manifest,
)
from device.contract.tensors import TensorSpec

FINDER_SCHEMA = 1
"""Raised when a reader of the old form could misread the new one."""

TASK = "finder"
CODEC = "centre_size"
LETTERBOX = "top_left"


class FinderManifest(Manifest, frozen=True, forbid_unknown_fields=True):
    """How a finder is fed and read."""

    input: TensorSpec
    """The frame's tensor: `real = scale * (integer - zero_point)`."""
    pixel_offset: Annotated[int, Meta(ge=0, le=255)]
    """Subtracted from a uint8 pixel to give the input's integer (int8) or real times 128 (float)."""
    score: TensorSpec
    """Raw map (1, H, W, 1)."""
    box: TensorSpec
    """Raw map (1, H, W, 4)."""
    points: TensorSpec
    """Raw map (1, H, W, 10)."""
    codec: FinderCodecRule
    """Maps to faces."""
    letterbox: Text = LETTERBOX
    """top_left: the frame shrunk to fit, in the top left corner, the rest pixel 128; the only rule."""
    channels: Text = CHANNELS
    """Order of the colour channels."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Measured by the conversion, fractions, keyed by what was measured."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Source commit, checkpoint, recipe, data, tools."""
    task: Text = TASK
    """Distinguishes it from a landmark model's manifest."""
    schema: int = FINDER_SCHEMA
    """Of this file."""

    @property
    def input_wh(self) -> tuple[int, int]:
        """Pixels of the input."""
        return self.input.shape[2], self.input.shape[1]


def _check_shapes(manifest: FinderManifest, path: Path) -> None:
    """The input's size and the codec's stride give the shape of every map."""
    height, width = (*manifest.input.shape, 1, 1, 1)[1:3]
    grid = int(height // manifest.codec.stride), int(width // manifest.codec.stride)
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
        BadInputError: no such file, not JSON, another schema or task, a missing or unknown field, a value of
            another type or out of range, shapes that do not agree with each other, or a value that this
            project cannot obey.
    """
    manifest = read_typed_manifest(path, FinderManifest, FINDER_SCHEMA)
    check_words(
        path,
        task=(manifest.task, (TASK,)),
        codec=(manifest.codec.name, (CODEC,)),
        letterbox=(manifest.letterbox, (LETTERBOX,)),
        channels=(manifest.channels, (CHANNELS,)),
    )
    _check_shapes(manifest, path)
    check_tensors(path, manifest.input, manifest.score, manifest.box, manifest.points)
    check_pixel_offset(path, manifest.input, manifest.pixel_offset)
    return manifest


def read_finder_model(model: Path) -> FinderManifest:
    """The manifest of a finder's file, checked with it.

    Raises:
        BadInputError: the model or its manifest is missing, unreadable, or they do not fit.
    """
    return read_pair(model, read_finder_manifest)
