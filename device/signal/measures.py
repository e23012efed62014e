"""Expression measures of a face: lengths in head axes, eye distances.

Each measure is a sum of coordinates, so all of them are one matrix product. x runs to the subject's left,
y down.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from device.messages.signals import SIGNALS, Signal

FURTHER_SIGNALS = (
    Signal("eye_wide_right", 0.0, "0 as open as at rest or narrower, 1 as wide as it goes"),
    Signal("eye_wide_left", 0.0, "0 as open as at rest or narrower, 1 as wide as it goes"),
    Signal("jaw_sideways", -1.0, "-1 the chin moved to the right, 1 to the left"),
    Signal("upper_lip_right", 0.0, "1 that half of the upper lip raised to the nose"),
    Signal("upper_lip_left", 0.0, "1 that half of the upper lip raised to the nose"),
    Signal("lower_lip_right", 0.0, "1 that half of the lower lip drawn down to the chin"),
    Signal("lower_lip_left", 0.0, "1 that half of the lower lip drawn down to the chin"),
)
"""Measured as those of the stream are, which tells them by the names of ARKit's shapes only."""

MEASURED = SIGNALS + FURTHER_SIGNALS
"""Every signal, in the order of the measures."""

MEASURE_NAMES = tuple(signal.name for signal in MEASURED)

X, Y = 0, 1

Term = tuple[float, int, int]
"""Weight, landmark, axis."""


def _mean(weight: float, axis: int, *landmarks: int) -> list[Term]:
    """The mean of some landmarks' coordinates, weighted."""
    return [(weight / len(landmarks), landmark, axis) for landmark in landmarks]


def _gap(upper: tuple[int, ...], lower: tuple[int, ...], weight: float = 1.0) -> list[Term]:
    """How far the lower landmarks lie below the upper ones."""
    return _mean(weight, Y, *lower) + _mean(-weight, Y, *upper)


_MOUTH_WIDTH = [(1.0, 54, X), (-1.0, 48, X)]
_LIPS = _gap((50, 51, 52), (56, 57, 58)) + _gap((61, 62, 63), (65, 66, 67), -1.0)

_LIDS_RIGHT, _LIDS_LEFT = _gap((37, 38), (40, 41)), _gap((43, 44), (46, 47))

TERMS: dict[str, list[Term]] = {
    "eye_open_right": _LIDS_RIGHT,
    "eye_open_left": _LIDS_LEFT,
    "brow_inner_right": _gap((20, 21), (36, 39)),
    "brow_inner_left": _gap((22, 23), (42, 45)),
    "brow_outer_right": _gap((17, 18), (36, 39)),
    "brow_outer_left": _gap((25, 26), (42, 45)),
    "brow_frown": [(1.0, 21, X), (-1.0, 22, X)],
    "jaw_open": _gap((33,), (7, 8, 9)),
    "mouth_open": _gap((61, 62, 63), (65, 66, 67)),
    "mouth_width": _MOUTH_WIDTH,
    # The corner above the centre of the mouth, and half as much outwards.
    "smile_right": [*_gap((48,), (62, 66)), (-0.5, 48, X), *_mean(0.5, X, 62, 66)],
    "smile_left": [*_gap((54,), (62, 66)), (0.5, 54, X), *_mean(-0.5, X, 62, 66)],
    "mouth_sideways": [*_mean(1.0, X, 48, 51, 54, 57), (-1.0, 33, X)],
    # Thick lips in a narrow mouth.
    "pucker": [*_LIPS, *((-0.5 * weight, landmark, axis) for weight, landmark, axis in _MOUTH_WIDTH)],
    "lip_press": _gap((50, 51, 52), (56, 57, 58), -1.0),
    "eye_wide_right": _LIDS_RIGHT,
    "eye_wide_left": _LIDS_LEFT,
    "jaw_sideways": [*_mean(1.0, X, 7, 8, 9), (-1.0, 33, X)],
    "upper_lip_right": _gap((31, 32), (49, 50), -1.0),
    "upper_lip_left": _gap((34, 35), (52, 53), -1.0),
    "lower_lip_right": _gap((58, 59), (6, 7, 8), -1.0),
    "lower_lip_left": _gap((55, 56), (8, 9, 10), -1.0),
}
"""Terms of each signal's measure, which grows with the signal."""


@cache
def _matrix() -> NDArray[np.float64]:
    """(S, 204) weights of the coordinates in each measure."""
    matrix = np.zeros((len(MEASURE_NAMES), 68, 3))
    for row, name in enumerate(MEASURE_NAMES):
        for weight, landmark, axis in TERMS[name]:
            matrix[row, landmark, axis] += weight
    return matrix.reshape(len(MEASURE_NAMES), -1)


def measure(face: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S,) measures, in the order of `MEASURED`, of a face (68, 3) in head axes, eye distances."""
    return np.asarray(_matrix() @ face.ravel(), np.float64)
