"""OpenSeeFace's fourteen expression features: what each measures, and how it is scaled.

A feature is a length or an angle on the face turned straight, scaled by what has been seen of it so far: its
median is 0, its least value -1, its greatest 1. Avatars are set up for these signs and ranges, oddities
included, so they are as emilianavt/OpenSeeFace has them (tracker.py, `FeatureExtractor` and `Feature`):
corners of the mouth that go up make `mouth_corner_updown` fall, and `mouth_open` is below zero while the lips
touch.
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

THRESHOLDS = {
    "eye_l": 0.08, "eye_r": 0.08,
    "eyebrow_steepness_l": 1.0, "eyebrow_updown_l": 0.08, "eyebrow_quirk_l": 0.08,
    "eyebrow_steepness_r": 1.0, "eyebrow_updown_r": 0.08, "eyebrow_quirk_r": 0.08,
    "mouth_corner_updown_l": 0.08, "mouth_corner_inout_l": 0.004,
    "mouth_corner_updown_r": 0.08, "mouth_corner_inout_r": 0.004,
    "mouth_open": 0.02, "mouth_wide": 0.008,
}  # fmt: skip
"""The features in the packet's order, each with the distance from its median within which no range begins.

In the units of `measures`: a degree, or up to a millimetre on a face of usual size, which is above the noise
of a still face. OpenSeeFace takes fractions of the median instead, which is near to zero for some.
"""

FEATURE_NAMES = tuple(THRESHOLDS)

SHRINK_SHARE, SHRINK_RATE = 0.15, 0.001
"""A range shrinks by this share of its width at most, and by this fraction of that a frame."""

SIGNS = np.array([[-1.0], [1.0]])
"""Of the two sides of the median."""

BLOCK = 64
"""Values of which the median is taken at once."""

Points = list[tuple[float, float]]
"""x and y of each."""


def measures(face: Array) -> Array:
    """(14,) lengths, in lengths of the nose or widths of the face, and angles, degrees.

    Args:
        face: (68, 3) in OpenSeeFace's head axes: x to the picture's left, y up.
    """
    # Plain numbers: numpy's overhead on so few would be most of the time.
    x, y = face[:, 0].tolist(), face[:, 1].tolist()
    points = list(zip(x, y, strict=True))
    mirrored = [(-across, up) for across, up in points]
    nose = (y[27] - y[30]) / 3
    width = (x[0] - x[16] + x[1] - x[15]) / 2
    level = sum(_slope(points, *line) for line in ((42, 45), (36, 39), (0, 16), (31, 35))) / 4
    upper_lip = (y[50] + y[51] + y[52]) / 3
    centre = (x[27] + x[30] + x[51] + x[57] + x[62] + x[66]) / 6
    inner_lips = (y[61] + y[62] + y[63] - y[65] - y[66] - y[67]) / 3
    return np.array([
        _lid_gap(points, (42, 45), (43, 44), (46, 47)) / nose,
        _lid_gap(points, (36, 39), (37, 38), (40, 41)) / nose,
        -_slope(points, 22, 26) - level, ((y[22] + y[26]) / 2 - y[27]) / nose, _quirk(points, 22, 26) / nose,
        _slope(points, 17, 21) - level, ((y[17] + y[21]) / 2 - y[27]) / nose, _quirk(mirrored, 21, 17) / nose,
        (upper_lip - y[54]) / nose, abs(centre - x[54]) / width,
        (upper_lip - y[48]) / nose, abs(centre - x[48]) / width,
        abs(inner_lips) / nose, abs(x[48] - x[54]) / width,
    ])  # fmt: skip


def _slope(points: Points, first: int, last: int) -> float:
    """Degrees by which a line rises towards the picture's right."""
    return math.degrees(_rise(points, first, last))


def _rise(points: Points, first: int, last: int) -> float:
    """The same, radians."""
    (x, y), (end_x, end_y) = points[first], points[last]
    return math.atan2(end_y - y, x - end_x)


def _levelled(points: Points, first: int, last: int, which: tuple[int, ...]) -> Points:
    """Some points turned about the first one until the line from it to the last is level."""
    angle, (x, y) = _rise(points, first, last), points[first]
    sine, cosine = math.sin(angle), math.cos(angle)
    away = [(points[point][0] - x, points[point][1] - y) for point in which]
    return [(x + cosine * dx - sine * dy, y + sine * dx + cosine * dy) for dx, dy in away]


def _lid_gap(
    points: Points, corners: tuple[int, int], upper: tuple[int, int], lower: tuple[int, int]
) -> float:
    (_, a), (_, b), (_, c), (_, d) = _levelled(points, *corners, (*upper, *lower))
    return abs(a + b - c - d) / 2


def _quirk(points: Points, first: int, last: int) -> float:
    """Of the brow from its inner to its outer end; raising it makes it grow.

    OpenSeeFace compares both coordinates with the first point's height, not only the heights, so that this is
    no measure of the brow's arch, as the name has it. Of the right brow it takes the outer end for the first
    point; here both brows are alike.
    """
    between = tuple(range(min(first, last) + 1, max(first, last)))
    middle = _levelled(points, first, last, between)
    height = points[first][1]
    return max(abs(coordinate - height) for point in middle for coordinate in point)


class RunningMedian:
    """Median of everything that was added, as a median of medians of blocks (Rousseeuw and Bassett 1990)."""

    def __init__(self) -> None:
        self._block: list[Array] = []
        self._blocks: RunningMedian | None = None
        self.value: Array = np.zeros(0)
        """(N,) the median so far."""

    def add(self, values: Array) -> None:
        """Take in (N,) more values."""
        self._block.append(values)
        if self._blocks is None:
            self.value = np.median(self._block, axis=0)
        if len(self._block) == BLOCK:
            self._blocks = self._blocks or RunningMedian()
            self._blocks.add(np.median(self._block, axis=0))
            self._block = []
            self.value = self._blocks.value


class RunningRange:
    """Scales N features by what has been seen of each: its median to 0, its ends to -1 and 1.

    A side on which nothing was seen beyond the threshold stays at 0; the first value beyond it is an end.
    """

    def __init__(self, thresholds: NDArray[np.floating]) -> None:
        self._thresholds = thresholds
        self._median = RunningMedian()
        # (2, N), below and above the median. Below, all signs are turned round, so that both sides are alike.
        # NaN: nothing is known of that side yet, and every comparison fails.
        self._ends = np.full((2, len(thresholds)), np.nan)
        self._floors = self._ends.copy()

    def scale(self, values: Array) -> Array:
        """(N,) scaled features, -1 to 1, of (N,) measures; also learns from them."""
        self._median.add(values)
        median = SIGNS * self._median.value
        both = SIGNS * values
        away = both - median
        first = np.isnan(self._ends) & (away > self._thresholds)
        farther = first | (both > self._ends)
        self._ends = np.where(farther, both, self._ends)
        self._floors = np.where(farther, both - SHRINK_SHARE * away, self._floors)
        reach = self._ends - median
        below, above = np.divide(away, reach, out=np.zeros_like(away), where=reach > 0).clip(0, 1)
        shrinking = self._ends > self._floors
        self._ends[shrinking] -= SHRINK_RATE * (self._ends - self._floors)[shrinking]
        return np.asarray(above - below, np.float64)


class OsfFeatures:
    """The features of one face, from frame to frame."""

    def __init__(self) -> None:
        self._range = RunningRange(np.array(list(THRESHOLDS.values())))

    def read(self, face: Array) -> Array:
        """(14,) features, -1 to 1, of a face (68, 3) in OpenSeeFace's head axes; 0 of one without extent."""
        try:
            return self._range.scale(measures(face))
        except ZeroDivisionError:
            return np.zeros(len(THRESHOLDS))
