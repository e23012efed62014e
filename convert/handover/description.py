"""The handover.json of a landmark network. Letters: H, W pixels of a crop, K landmarks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from convert.handover.finder import FINDER_TASK, FinderHandover, finder_of_values
from device.contract.codec import CODECS, COORDINATES
from device.contract.errors import BadInputError
from device.contract.files import read_bounded
from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.manifest import MAX_BYTES, CodecRule, CropRule
from device.contract.provenance import check_open
from device.contract.scheme_file import know_scheme
from device.contract.shape import correction_of

HANDOVER_SCHEMA = 1
REMEDY = "`make convert` writes the handover again"

TARGETS: dict[str, tuple[str, ...]] = {
    "cpu": (),
    "edgetpu": ("edgetpu",),
    "ethos-u": ("ethos-u",),
    "npu": ("edgetpu", "ethos-u"),
}
"""By the name of `--target`: where every operator must run. `npu` also wants the rules of README.md."""

LANDMARK_OUTPUTS = ("heatmap", "presence")
"""Of a landmark network, in order."""


@dataclass(frozen=True)
class Handover:
    """A landmark network's handover.json."""

    name: str
    scheme: str
    crop: CropRule
    codec: CodecRule
    provenance: dict[str, Any] = field(default_factory=dict)
    target: str = "npu"
    """Of TARGETS: where every operator must run."""
    presence_learnt: bool = True
    """Whether training showed it crops without a face. If not, its presence on them is arbitrary: they
    neither set an integer range nor are compared."""
    labelled: bool = True
    """Whether validation.npz has true landmarks; without them forms are judged by how far points move."""
    original: str = "pytorch"
    """What the network was before it became ONNX; names its outputs in the report and the metrics."""

    @property
    def landmark_scheme(self) -> LandmarkScheme:
        """The scheme the points follow."""
        return SCHEMES[self.scheme]

    @property
    def grid_wh(self) -> tuple[int, int]:
        """Cells of the heatmap."""
        width, height = self.crop.size_wh
        return int(width // self.codec.stride), int(height // self.codec.stride)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, H, W, 3)."""
        width, height = self.crop.size_wh
        return 1, height, width, 3

    @property
    def heatmap_shape(self) -> tuple[int, ...]:
        """(1, H / stride, W / stride, K), or (1, 2 K) for coordinates."""
        if self.codec.name == COORDINATES:
            return 1, 2 * self.landmark_scheme.count
        width, height = self.grid_wh
        return 1, height, width, self.landmark_scheme.count

    @property
    def network_shape(self) -> tuple[int, ...]:
        """`heatmap_shape` with channels first, as in ONNX."""
        if self.codec.name == COORDINATES:
            return self.heatmap_shape
        batch, high, wide, count = self.heatmap_shape
        return batch, count, high, wide

    @property
    def output_names(self) -> tuple[str, ...]:
        """In the network's order."""
        return LANDMARK_OUTPUTS

    @property
    def heatmap_kind(self) -> str:
        """What the first output is, for an error's sentence."""
        return "coordinates" if self.codec.name == COORDINATES else "a heatmap"

    @property
    def wanted_outputs(self) -> str:
        """Wording for error messages."""
        return f"{self.heatmap_kind} {self.network_shape} and one presence logit"

    def fits(self, outputs: Sequence[tuple[int, ...]]) -> bool:
        """Whether these NCHW shapes are the network's outputs."""
        return len(outputs) == 2 and outputs[0] == self.network_shape and int(np.prod(outputs[1])) == 1


AnyHandover = Handover | FinderHandover


def read_handover(path: Path) -> AnyHandover:
    """Read handover.json, a landmark network's or a finder's.

    Raises:
        BadInputError: not JSON, another schema, a missing or unknown field, an unknown scheme or
            codec, channels other than bgr, or a stride that does not divide the crop.
        RefusedError: a name that begins with `open`, and a source that is not free.
    """
    data = read_bounded(path, MAX_BYTES)
    try:
        values = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"{path} is not readable JSON ({error}); {REMEDY}") from error
    if not isinstance(values, dict) or values.get("schema") != HANDOVER_SCHEMA:
        got = values.get("schema") if isinstance(values, dict) else type(values).__name__
        raise BadInputError(f"{path} has schema {got}, wanted {HANDOVER_SCHEMA}; {REMEDY}")
    try:
        if values.get("task") == FINDER_TASK:
            finder = finder_of_values(values)
            check_open(finder.name, finder.provenance)
            return finder
        # `any_operator` is how handovers named the target `cpu` at first.
        target = "cpu" if values.get("any_operator") else "npu"
        handover = msgspec.convert({"target": target, **values}, Handover)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadInputError(f"{path} lacks or misnames a field ({error}); {REMEDY}") from error
    know_scheme(handover.scheme, path.parent)
    _check_rules(handover, path)
    check_open(handover.name, handover.provenance)
    return handover


def _check_rules(handover: Handover, path: Path) -> None:
    if handover.scheme not in SCHEMES:
        raise BadInputError(
            f"{path} names landmark scheme {handover.scheme!r}, known: {', '.join(SCHEMES)}; {REMEDY}"
        )
    if handover.codec.name not in CODECS or handover.crop.channels != "bgr":
        raise BadInputError(
            f"{path} names codec {handover.codec.name!r} and channels {handover.crop.channels!r}, "
            f"known: {', '.join(CODECS)} and bgr; {REMEDY}"
        )
    if handover.target not in TARGETS:
        raise BadInputError(f"{path} names target {handover.target!r}, known: {', '.join(TARGETS)}; {REMEDY}")
    try:
        correction_of(handover.codec.shape, handover.landmark_scheme.count)
    except ValueError as error:
        raise BadInputError(f"{path} has {error}; {REMEDY}") from error
    size_wh, stride = handover.crop.size_wh, handover.codec.stride
    numbers = len(size_wh) == 2 and all(isinstance(value, int | float) for value in (*size_wh, stride))
    if not numbers or stride <= 0 or any(side < stride or side % stride for side in size_wh):
        raise BadInputError(
            f"{path} has a crop of {size_wh} and a stride of {stride!r}, wanted a stride that divides the "
            f"crop's width and height; {REMEDY}"
        )
