"""Smooth lines through given points, and smooth steps: the little mathematics of drawing."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

STEPS = 6
"""Pieces of line between two given points."""


def _cubic_weights(step: float) -> NDArray[np.float64]:
    """(4,) weights of the neighbours -1, 0, 1, 2 at `step` between 0 and 1 (Catmull and Rom)."""
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
    """((count - 1) * STEPS + 1, count) from given points to the line's points."""
    rows = np.zeros(((count - 1) * STEPS + 1, count))
    for number, row in enumerate(rows):
        piece = min(number // STEPS, count - 2)
        for offset, weight in zip(range(-1, 3), _cubic_weights(number / STEPS - piece), strict=True):
            row[min(max(piece + offset, 0), count - 1)] += weight
    return rows


def smooth_line(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """A smooth open line through (N, 2) points, every one of them on it."""
    return _curve_weights(len(points)) @ points


def spline(
    at: NDArray[np.floating], knots: NDArray[np.floating], values: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Cubic line through (K, C) `values` at (K,) ascending `knots`, flat beyond them.

    Args:
        at: any shape.

    Returns:
        (C, *at.shape)
    """
    slopes = np.gradient(values, knots, axis=0)
    place = np.clip(at, knots[0], knots[-1])
    piece = np.clip(np.searchsorted(knots, place, side="right") - 1, 0, len(knots) - 2)
    span = (knots[1:] - knots[:-1])[piece]
    step = (place - knots[piece]) / span
    square, cube = step * step, step**3
    rising = 3 * square - 2 * cube
    return (
        (1 - rising) * values.T[:, piece]
        + rising * values.T[:, piece + 1]
        + span * (cube - 2 * square + step) * slopes.T[:, piece]
        + span * (cube - square) * slopes.T[:, piece + 1]
    )


def smooth_step(
    at: NDArray[np.floating], low: float | NDArray[np.floating], high: float | NDArray[np.floating]
) -> NDArray[np.float64]:
    """0 at and below `low`, 1 at and above `high`, smooth between."""
    step = np.clip((at - low) / (high - low), 0.0, 1.0)
    return step * step * (3 - 2 * step)
