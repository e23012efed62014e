"""Steadiness and lag of filtered points, from unfiltered ones that were recorded.

Letters: T frames, K landmarks. Points are (T, K, 2) in eye distances.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from device.signal.smoothing import Smoothing, SteadyFace
from device.tracking.motion import Shape

Array = NDArray[np.float64]

FPS = 30.0

STILL = np.zeros(90)
SETTLE = 30
"""Frames at rest before anything counts."""

STEP_AT, STEP_HEIGHT = 40, 0.5
STEP = np.where(np.arange(60) < STEP_AT, 0.0, STEP_HEIGHT)
"""Half an eye distance from one frame to the next."""

PAN_SPEEDS = 0.1, 1.0
"""Eye distances a second: a head that drifts, and one that turns to somebody."""

PAN_FRAMES = 45

INNER = slice(17, 68)
"""Without the jaw, whose points lie along an edge and slide on it: the peers' figures leave it out."""

BLINK_DEPTH = 0.08
"""How far the upper lids come down, eye distances."""

BLINK_FRAMES = 3.0
"""From open to closed, and back again: a blink of 200 ms."""

UPPER_LIDS = [37, 38, 43, 44]


def pan(speed: float) -> Array:
    """(T,) offsets: at rest, then moving; the way lies about the middle of the frame."""
    moved = speed / FPS * np.arange(1, PAN_FRAMES + 1)
    return np.asarray(np.concatenate([np.zeros(SETTLE), moved]) - moved[-1] / 2, np.float64)


ONE_CROP = "one crop"
"""Recorded beside the paths: a still face in one crop, nothing following it."""

PATHS = {"still": STILL, "step": STEP} | {f"pan {speed:g}": pan(speed) for speed in PAN_SPEEDS}
"""What is recorded of each sitter."""


@dataclass(frozen=True)
class Figures:
    """Of one setting, for one face or the mean over several."""

    jitter: float
    """Root mean square distance of the inner points from their means while nothing moves, eye distances."""
    jitter_all: float
    """The same of all points."""
    step_lag: float
    """Frames by which a jump of half an eye distance is late: the area between jump and points, over
    its height."""
    slow_lag: float
    """Frames by which the points are late in a pan of 0.1 eye distances a second ..."""
    fast_lag: float
    """... and of 1."""
    blink_kept: float
    """How much of the depth of a blink of 200 ms is left, 0 to 1."""


@dataclass(frozen=True)
class Measured:
    """One setting over several faces."""

    mean: Figures
    """Of each figure over the faces."""
    jitter_p90: float
    """What a tenth of the faces is worse than, eye distances."""


def filtered(points: Array, smoothing: Smoothing | None) -> Array:
    """(T, K, 2) what a setting makes of recorded points."""
    if smoothing is None:
        return points
    steady = SteadyFace(smoothing, Shape.of(points[0]))
    return np.stack([points[0], *(steady.follow(Shape.of(sight), 1 / FPS) for sight in points[1:])])


def jitter_of(points: Array) -> float:
    """Root mean square distance of points from their means."""
    off = points - points.mean(axis=0)
    return float(np.sqrt((off**2).sum(axis=-1).mean()))


def _across(points: Array) -> Array:
    """(T,) how far right the face is of where it rested: the mean of all points."""
    place = points[:, :, 0].mean(axis=1)
    return np.asarray(place - place[SETTLE // 2 : SETTLE].mean(), np.float64)


def step_lag_of(points: Array) -> float:
    """Frames between the step and the points, as an area over the step's height."""
    return float((STEP - _across(points))[STEP_AT:].sum() / STEP_HEIGHT)


def pan_lag_of(points: Array, speed: float) -> float:
    """Frames between a pan and the points in its last second: distance over speed."""
    path = pan(speed)
    behind = (path - path[0]) - _across(points)
    return float(behind[-round(FPS) :].mean() / (speed / FPS))


def blink_kept_of(points: Array, smoothing: Smoothing | None) -> float:
    """What is left of the depth of a blink that is laid over still points."""
    frames = np.arange(len(points))
    closing = np.clip(1 - np.abs(frames - 2 * SETTLE) / BLINK_FRAMES, 0, 1)
    blinking = points.copy()
    blinking[:, UPPER_LIDS, 1] += BLINK_DEPTH * closing[:, None]
    shown = filtered(blinking, smoothing) - filtered(points, smoothing)
    return float(shown[:, UPPER_LIDS, 1].mean(axis=1).max() / BLINK_DEPTH)


def one_crop_jitter_of(recorded: dict[str, Array]) -> float:
    """Jitter of the inner points that is the network's own, eye distances."""
    return jitter_of(recorded[ONE_CROP][SETTLE:, INNER])


def figures_of(recorded: dict[str, Array], smoothing: Smoothing | None) -> Figures:
    """Of one face, recorded along all `PATHS`."""
    still = filtered(recorded["still"], smoothing)[SETTLE:]
    slow, fast = (pan_lag_of(filtered(recorded[f"pan {speed:g}"], smoothing), speed) for speed in PAN_SPEEDS)
    return Figures(
        jitter=jitter_of(still[:, INNER]),
        jitter_all=jitter_of(still),
        step_lag=step_lag_of(filtered(recorded["step"], smoothing)),
        slow_lag=slow,
        fast_lag=fast,
        blink_kept=blink_kept_of(recorded["still"], smoothing),
    )


assert len(STILL) >= 2 * SETTLE + BLINK_FRAMES
assert ibug_68.groups["jaw"] == tuple(range(INNER.start))
