"""Landmark smoothing: One Euro filters in the face's own frame.

The landmarks are split into the position, size and roll of the whole face (a similarity) and its shape in its
own frame, each with filter parameters of its own. The similarity, a mean over all points, is nearly free of
noise and must not lag, or overlays swim; the shape holds most of the noise. Speed is measured in
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
from device.signal.one_euro import OneEuro, OneEuroParameters
from device.tracking.motion import Shape


@dataclass(frozen=True)
class Smoothing:
    """One named trade of steadiness against lag; speeds in eye distances a second."""

    whole: OneEuroParameters
    """Of position, size and roll."""
    shape: OneEuroParameters
    """Of each point in the face's frame."""
    signals: OneEuroParameters
    """Of the expression signals, whose unit is their range."""


SMOOTHINGS = {
    "steady": Smoothing(
        OneEuroParameters(0.4, 30, 0.5), OneEuroParameters(0.15, 8, 1), OneEuroParameters(0.5, 2, 2)
    ),
    "balanced": Smoothing(
        OneEuroParameters(0.7, 45, 0.5), OneEuroParameters(0.3, 16, 2), OneEuroParameters(1, 4, 2)
    ),
    "quick": Smoothing(
        OneEuroParameters(1.5, 60, 2), OneEuroParameters(0.8, 30, 4), OneEuroParameters(2, 8, 4)
    ),
}
"""By name; what they do is measured in README.md."""


class SteadyFace:
    """The filter of one face: of its points in its own frame, its place, and its size with its roll."""

    def __init__(self, smoothing: Smoothing, face: Shape) -> None:
        # Pixels an eye distance, by all points: the eyes' own distance shrinks as the head turns.
        size = max(math.sqrt(face.power / len(face.offsets)) / front_radius(), 1e-6)
        self._shape = OneEuro(smoothing.shape, face.offsets / size)
        self._place = OneEuro(smoothing.whole, face.centroid)
        self._log_turn = OneEuro(smoothing.whole, complex(math.log(size)))

    def follow(self, face: Shape, elapsed_seconds: float) -> NDArray[np.float64]:
        """(K, 2) filtered landmarks of a new observation, `elapsed_seconds` (above 0) after the last."""
        shape, last = self._shape.values, self._log_turn.values
        # The similarity (scale and roll) that carries the shape best onto the points.
        turn = complex(np.vdot(shape, face.offsets)) / max(np.vdot(shape, shape).real.item(), 1e-12)
        # The roll in the logarithm is known up to whole turns: take the one nearest to the last.
        log_turn = last + cmath.log(turn / cmath.exp(last)) if abs(turn) > 0 else last
        steady = self._shape.follow(face.offsets * cmath.exp(-log_turn), elapsed_seconds)
        # Speeds are in eye distances, and only the place is in pixels.
        centroid = self._place.follow(face.centroid, elapsed_seconds, max(abs(turn), 1e-6))
        log_turn = self._log_turn.follow(log_turn, elapsed_seconds)
        return as_points(steady * cmath.exp(log_turn) + centroid)
