"""How a face moves: changes of place, size and roll between sets of landmarks, and where they lead.

Pure functions of arrays. A *change* is (4,): x and y in pixels, the logarithm of the growth, and the
roll in radians, clockwise as seen; growth and roll are about the landmarks' mean. A *rate* is a change
a second. Letters: K landmarks, N instants.
"""

import numpy as np
from numpy.typing import NDArray

RATE_GAINS = np.array([0.6, 0.6, 0.3, 0.3])
"""Weight of a wrong prediction in the rates: a fast pan turns within three frames, while growth and roll
are small beside the noise of the landmarks."""

CROP_GAINS = np.array([1.0, 1.0, 0.5, 0.5])
"""How much of a wrong prediction the next crop makes good: it follows at once in place, but by half in
size and roll, for the landmarks answer to the crop and at full weight the two swing."""

FARTHEST_SECONDS = 1.5
"""Time over which a constant rate says anything."""

_COMPLEX = np.array([1, 1j])

LARGEST_STEP = np.log(2.0)
"""Growth of one step, as a logarithm, beyond which it is a mistake."""


def change_between(before: NDArray[np.floating], after: NDArray[np.floating]) -> NDArray[np.float64]:
    """(4,) the similarity that carries (K, 2) landmarks best onto others, least squares.

    With points as complex numbers about their means it is one quotient, whose absolute value is the
    growth and whose argument the roll.
    """
    middles = before.mean(axis=0), after.mean(axis=0)
    moved = middles[1] - middles[0]
    first, second = (before - middles[0]) @ _COMPLEX, (after - middles[1]) @ _COMPLEX
    power = float(np.vdot(first, first).real)
    quotient = np.vdot(first, second) / power if power > 0 else 1.0
    growth = np.log(np.clip(abs(quotient), np.exp(-LARGEST_STEP), np.exp(LARGEST_STEP)))
    return np.array([moved[0], moved[1], growth, np.angle(quotient)], np.float64)


def changed(landmarks: NDArray[np.floating], change: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K, 2) landmarks after a change."""
    middle = landmarks.mean(axis=0)
    growth, roll = np.exp(change[2]), change[3]
    turn = growth * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return np.asarray((landmarks - middle) @ turn.T + middle + change[:2], np.float64)


def ahead(rate: NDArray[np.float64], elapsed_seconds: float) -> NDArray[np.float64]:
    """(n,) what a rate (n,) makes of a time; nothing over one that cannot be told or is too long."""
    told = 0 < elapsed_seconds <= FARTHEST_SECONDS
    return rate * elapsed_seconds if told else np.zeros_like(rate)


def next_rate(
    rate: NDArray[np.float64], wrong: NDArray[np.float64], elapsed_seconds: float
) -> NDArray[np.float64]:
    """(4,) rate after a prediction over some time was `wrong` (4,) by this change.

    A pause too long to say anything gives rest; no time at all leaves the rate as it was.
    """
    if elapsed_seconds > FARTHEST_SECONDS:
        return np.zeros_like(rate)
    return rate + RATE_GAINS * wrong / elapsed_seconds if elapsed_seconds > 0 else rate


def steady_velocity(seconds: NDArray[np.float64], middles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2,) pixels a second: the slope of the straight line through (N, 2) places, least squares.

    Args:
        seconds: (N,) instants.
        middles: (N, 2) pixels.
    """
    since = seconds - seconds.mean()
    spread = float(since @ since)
    return np.asarray(since @ middles / spread, np.float64) if spread > 0 else np.zeros(2)


def held_inside(landmarks_frame: NDArray[np.float64], size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """(K, 2) landmarks moved so that their mean is inside the frame.

    A face that has left cannot be seen outside: it waits at the edge where it left.
    """
    middle = landmarks_frame.mean(axis=0)
    inside = np.clip(middle, 0, np.array(size_wh) - 1.0)
    return np.asarray(landmarks_frame + inside - middle, np.float64)
