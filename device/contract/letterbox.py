"""A whole frame in a network's input: shrunk to fit, in the top left corner, the rest left grey.

The rest holds pixel 128, the network's real 0, which is also what its convolutions see beyond the
border. There is no centre to round, so the inverse map is one factor an axis.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EMPTY_PIXEL = 128
"""Value of the pixels beside the frame."""


@dataclass(frozen=True)
class Letterbox:
    """How one size of frame lies in the input."""

    frame_wh: tuple[int, int]
    """Pixels of the frame."""
    shown_wh: tuple[int, int]
    """Pixels of the input that it covers."""

    @classmethod
    def fit(cls, frame_wh: tuple[int, int], input_wh: tuple[int, int]) -> "Letterbox":
        """The largest picture of the frame's form that the input holds, at least one pixel a side."""
        scale = min(input_wh[0] / frame_wh[0], input_wh[1] / frame_wh[1])
        width = min(max(round(frame_wh[0] * scale), 1), input_wh[0])
        height = min(max(round(frame_wh[1] * scale), 1), input_wh[1])
        return cls(frame_wh, (width, height))

    @property
    def scale(self) -> tuple[float, float]:
        """Input pixels per frame pixel, x and y: equal but for rounding to whole pixels."""
        return self.shown_wh[0] / self.frame_wh[0], self.shown_wh[1] / self.frame_wh[1]

    def to_frame(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) pixels of the input to pixels of the frame."""
        return np.asarray((points + 0.5) / np.array(self.scale, np.float64) - 0.5, np.float64)

    def to_input(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) pixels of the frame to pixels of the input."""
        return np.asarray((points + 0.5) * np.array(self.scale, np.float64) - 0.5, np.float64)
