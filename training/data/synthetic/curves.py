"""Splines through given points, and smooth steps."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

STEPS = 6
"""Line segments between two given points."""


def _cubic_weights(step: float) -> NDArray[np.float64]:
    """(4,) Catmull-Rom weights of the neighbours -1, 0, 1, 2 at `step` between 0 and 1."""
    square, cube = step * step, step**3
    return 0.5 * np.array(
        [
            -cube + 2 * square - step,
            3 * cube - 5 * square + 2,
            -3 * cube + 4 * square + step,
            cube - square,
        ]
    )


@cache
def _curve_weights(count: int) -> NDArray[np.float64]:
    """((count - 1) * STEPS + 1, count) matrix from given points to points of the line."""
    rows = np.zeros(((count - 1) * STEPS + 1, count))
    for number, row in enumerate(rows):
        piece = min(number // STEPS, count - 2)
        for offset, weight in zip(range(-1, 3), _cubic_weights(number / STEPS - piece), strict=True):
            row[min(max(piece + offset, 0), count - 1)] += weight
    return rows


def smooth_line(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """((N - 1) * STEPS + 1, 2) points of an open Catmull-Rom spline through (N, 2) points."""
    return _curve_weights(len(points)) @ points


@dataclass(frozen=True, eq=False)
class Spline:
    """A cubic spline of C values through K knots, constant beyond them."""

    knots: NDArray[np.float64]
    """(K,) positions, ascending."""
    powers: NDArray[np.float64]
    """(4, C, K - 1) coefficients of 1, s, s^2, s^3, where s runs from 0 to 1 between two knots."""

    @classmethod
    def through(cls, knots: NDArray[np.float64], values: NDArray[np.float64]) -> "Spline":
        """A spline through (C, K) values at (K,) knots, with slopes as between a knot's neighbours."""
        span = np.diff(knots)
        rise = np.diff(values)
        slopes = np.zeros_like(values)
        slopes[:, 1:-1] = (values[:, 2:] - values[:, :-2]) / (span[1:] + span[:-1])
        slopes[:, -1] = rise[:, -1] / span[-1]
        first, last = slopes[:, :-1] * span, slopes[:, 1:] * span
        return cls(
            knots, np.stack([values[:, :-1], first, 3 * rise - 2 * first - last, first + last - 2 * rise])
        )

    def __call__(self, at: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values (C, *at.shape) at positions of any shape."""
        position = np.minimum(np.maximum(at, self.knots[0]), self.knots[-1])
        piece = np.minimum(np.searchsorted(self.knots, position, side="right"), len(self.knots) - 1) - 1
        step = (position - self.knots[piece]) / (self.knots[piece + 1] - self.knots[piece])
        constant, linear, square, cube = self.powers[:, :, piece]
        return constant + step * (linear + step * (square + step * cube))


def smooth_step(
    at: NDArray[np.floating], low: float | NDArray[np.floating], high: float | NDArray[np.floating]
) -> NDArray[np.float64]:
    """0 at and below `low`, 1 at and above `high`, smooth between."""
    step = np.minimum(np.maximum((at - low) / (high - low), 0.0), 1.0)
    return step * step * (3 - 2 * step)
