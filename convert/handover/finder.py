"""A finder's handover.json; the files beside it are those of any handover."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from device.contract.finder_codec import POINT_COUNT, FinderCodecRule

FINDER_TASK = "finder"
"""Value of `task` in a finder's handover.json."""
FINDER_OUTPUTS = ("score", "box", "points")
"""Of a finder, in order."""


@dataclass(frozen=True)
class FinderHandover:
    """A finder and the rules of its use."""

    name: str
    input_wh: tuple[int, int]
    codec: FinderCodecRule
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, H, W, 3)."""
        return 1, self.input_wh[1], self.input_wh[0], 3

    @property
    def map_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Score, box and points, NHWC."""
        width, height = (int(side // self.codec.stride) for side in self.input_wh)
        return tuple((1, height, width, channels) for channels in (1, 4, 2 * POINT_COUNT))

    @property
    def output_names(self) -> tuple[str, ...]:
        """In the network's order."""
        return FINDER_OUTPUTS

    @property
    def _shapes_nchw(self) -> list[tuple[int, ...]]:
        return [(1, channels, high, wide) for _, high, wide, channels in self.map_shapes]

    @property
    def wanted_outputs(self) -> str:
        """Wording for error messages."""
        return " and ".join(
            f"{name} {shape}" for name, shape in zip(FINDER_OUTPUTS, self._shapes_nchw, strict=True)
        )

    def fits(self, outputs: Sequence[tuple[int, ...]]) -> bool:
        """Whether these NCHW shapes are the network's outputs."""
        return list(outputs) == self._shapes_nchw


def finder_of_values(values: dict[str, Any]) -> FinderHandover:
    """A finder's handover from the values of its JSON.

    Raises:
        ValueError: a field is missing or of another type, or the stride does not divide the input.
    """
    handover = msgspec.convert(values, FinderHandover)
    (width, height), stride = handover.input_wh, handover.codec.stride
    if stride <= 0 or width % stride or height % stride:
        raise ValueError(f"stride {stride:g} does not divide the input {width}x{height}")
    return handover
