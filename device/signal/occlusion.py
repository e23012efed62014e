"""Which parts of a face seem covered, from the landmarks' scores: a hint.

Over something else than a face the network's maps spread, and the scores fall by a fifth and more. They
fall for the whole face in blur and dim light, so a region is compared with the same face's best ones.
"""

from itertools import compress

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from device.messages.signals import REGIONS
from device.signal.one_euro import smoothing_share
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
"""The third best region stands for the face: up to four may be covered, and two be sure beyond measure."""

COVERED = 0.88
"""Score of a region, over what it should be beside the best, below which it seems covered ..."""

CLEAR = 0.92
"""... and above which it no longer does."""

CUTOFF_HZ = 1.5
"""Of the scores: a region covered for a tenth of a second is not told."""

LOOK_SECONDS = 0.1
"""Between two looks at the scores."""

_SHARES = np.zeros((len(REGIONS), ibug_68.count))
for _row, _region in enumerate(REGIONS):
    _SHARES[_row, list(LANDMARKS_OF[_region])] = 1 / len(LANDMARKS_OF[_region])


def region_scores(landmark_scores: NDArray[np.floating]) -> Array:
    """(R,) mean score of each region, of (68,)."""
    return np.asarray(_SHARES @ landmark_scores, np.float64)


def relative_scores(landmark_scores: NDArray[np.floating]) -> Array:
    """(R,) each region's score over what is usual for it, the third best being 1."""
    unusual = region_scores(landmark_scores) / typical().scores
    return np.asarray(unusual / max(sorted(unusual.tolist())[-BEST_REGIONS], 1e-6), np.float64)


class Occlusion:
    """Of one face, from frame to frame."""

    def __init__(self) -> None:
        """Nothing covered."""
        self._relative = np.ones(len(REGIONS))
        self._covered = np.zeros(len(REGIONS), np.bool_)
        self._told: tuple[str, ...] = ()
        self._unread_seconds = 0.0

    def read(self, landmark_scores: NDArray[np.floating], elapsed_seconds: float) -> tuple[str, ...]:
        """The regions that seem covered, given (68,) scores and the time since the last."""
        self._unread_seconds += elapsed_seconds
        if self._unread_seconds >= LOOK_SECONDS:
            share = smoothing_share(CUTOFF_HZ, self._unread_seconds)
            self._relative += share * (relative_scores(landmark_scores) - self._relative)
            self._covered = self._relative < np.where(self._covered, CLEAR, COVERED)
            self._told = tuple(compress(REGIONS, self._covered.tolist()))
            self._unread_seconds = 0.0
        return self._told
