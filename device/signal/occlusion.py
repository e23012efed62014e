"""Which parts of a face seem covered, from the landmarks' scores: a hint.

Where something covers the face, the network's maps spread and the scores fall by a fifth and more. In blur
and dim light they fall for the whole face, so a region is compared with the best ones of the same face.
"""

from itertools import compress

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from device.messages.signals import REGIONS
from device.signal.one_euro import smoothing_factor
from device.signal.typical import typical

Array = NDArray[np.float64]

_BROWS, _EYES = ibug_68.groups["brows"], ibug_68.groups["eyes"]

LANDMARKS_OF = {
    "jaw": ibug_68.groups["jaw"],
    "brow_right": _BROWS[:5],
    "brow_left": _BROWS[5:],
    "nose": ibug_68.groups["nose"],
    "eye_right": _EYES[:6],
    "eye_left": _EYES[6:],
    "mouth": ibug_68.groups["mouth"],
}
"""Landmarks by region."""

BEST_REGIONS = 3
"""The third best region is the reference: up to four may be covered, and two may score relatively high."""

COVERED = 0.88
"""Relative score of a region below which it counts as covered ..."""

CLEAR = 0.92
"""... and above which it no longer does."""

CUTOFF_HZ = 1.5
"""Cutoff of the scores' low-pass: a region covered for a tenth of a second is not reported."""

UPDATE_SECONDS = 0.1
"""Time between two evaluations of the scores."""

_WEIGHTS = np.zeros((len(REGIONS), ibug_68.count))
for _row, _region in enumerate(REGIONS):
    _WEIGHTS[_row, list(LANDMARKS_OF[_region])] = 1 / len(LANDMARKS_OF[_region])


def region_scores(landmark_scores: NDArray[np.floating]) -> Array:
    """(R,) mean score of each region, of (68,)."""
    return np.asarray(_WEIGHTS @ landmark_scores, np.float64)


def relative_scores(landmark_scores: NDArray[np.floating]) -> Array:
    """(R,) each region's score over its typical score, relative to the third best region."""
    relative = region_scores(landmark_scores) / typical().scores
    return np.asarray(relative / max(sorted(relative.tolist())[-BEST_REGIONS], 1e-6), np.float64)


class Occlusion:
    """Of one face, from frame to frame."""

    def __init__(self) -> None:
        self._relative = np.ones(len(REGIONS))
        self._covered = np.zeros(len(REGIONS), np.bool_)
        self._reported: tuple[str, ...] = ()
        self._elapsed_seconds = 0.0

    def read(self, landmark_scores: NDArray[np.floating], elapsed_seconds: float) -> tuple[str, ...]:
        """The regions that seem covered, given (68,) scores and the time since the last."""
        self._elapsed_seconds += elapsed_seconds
        if self._elapsed_seconds >= UPDATE_SECONDS:
            alpha = smoothing_factor(CUTOFF_HZ, self._elapsed_seconds)
            self._relative += alpha * (relative_scores(landmark_scores) - self._relative)
            self._covered = self._relative < np.where(self._covered, CLEAR, COVERED)
            self._reported = tuple(compress(REGIONS, self._covered.tolist()))
            self._elapsed_seconds = 0.0
        return self._reported
