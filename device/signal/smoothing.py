"""Steady points: One Euro filters in the face's own frame.

A face's points are split into how the whole face lies (place, size and roll: a similarity) and its shape in
its own frame. Both are filtered, each by its own cutoffs: the whole face, a mean over all points, is nearly
free of noise and must not lag, or drawn things swim; the shape holds most of the noise. Speed is measured in
eye distances a second, so a face far away is filtered like one near by.

Points are complex numbers here: a similarity is then a product and a sum.
"""

import cmath
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import as_points
from device.signal.mean_face import front_radius
from device.signal.one_euro import Cutoffs, OneEuro
from device.tracking.motion import Shape


@dataclass(frozen=True)
class Smoothing:
    """One named trade of steadiness against lag; speeds in eye distances a second."""

    whole: Cutoffs
    """Of place, size and roll."""
    shape: Cutoffs
    """Of each point in the face's frame."""
    signals: Cutoffs
    """Of the expression signals, whose unit is their range."""


SMOOTHINGS = {
    "steady": Smoothing(Cutoffs(0.4, 30, 0.5), Cutoffs(0.15, 8, 1), Cutoffs(0.5, 2, 2)),
    "balanced": Smoothing(Cutoffs(0.7, 45, 0.5), Cutoffs(0.3, 16, 2), Cutoffs(1, 4, 2)),
    "quick": Smoothing(Cutoffs(1.5, 60, 2), Cutoffs(0.8, 30, 4), Cutoffs(2, 8, 4)),
}
"""By name; what they do is measured in README.md."""


class SteadyFace:
    """The filter of one face.

    One filter for K + 2 numbers: the points in the face's own frame, its place, and the logarithm of its size
    with its roll.
    """

    def __init__(self, smoothing: Smoothing, face: Shape) -> None:
        """At rest at the first sight."""
        # Pixels an eye distance, by all points: the eyes' own distance shrinks as the head turns.
        size = max(float(np.sqrt(np.mean(np.abs(face.offsets) ** 2))) / front_radius(), 1e-6)
        self._count = len(face.offsets)
        self._filter = OneEuro(
            [smoothing.shape] * self._count + [smoothing.whole] * 2,
            np.concatenate([face.offsets / size, [face.middle, math.log(size)]]),
        )
        # Speeds are measured in these: only the place is in pixels.
        self._units = np.ones(self._count + 2)

    def follow(self, face: Shape, elapsed_seconds: float) -> NDArray[np.float64]:
        """(K, 2) the filtered landmarks of a new sight, `elapsed_seconds` (above 0) after the last."""
        count = self._count
        shape, last = self._filter.values[:count], complex(self._filter.values[-1])
        # The similarity that carries the shape best onto the points: of mean, growth and roll.
        turn = complex(np.vdot(shape, face.offsets)) / max(float(np.vdot(shape, shape).real), 1e-12)
        # The logarithm's roll is known up to whole turns: it is the one next to the last.
        log_turn = last + cmath.log(turn / cmath.exp(last)) if abs(turn) > 0 else last
        sight = np.empty(count + 2, np.complex128)
        np.divide(face.offsets, cmath.exp(log_turn), out=sight[:count])
        sight[count:] = face.middle, log_turn
        self._units[count] = max(abs(turn), 1e-6)
        steady = self._filter.follow(sight, elapsed_seconds, self._units)
        middle, log_turn = steady[count:].tolist()
        return as_points(steady[:count] * cmath.exp(log_turn) + middle)
