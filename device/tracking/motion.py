"""Motion of a face: changes of position, size and roll between sets of landmarks, and their extrapolation.

Pure functions. Points are complex numbers x + iy: a similarity is then a product and a sum, and the motion of
a face is two numbers, for which arrays would be slow. Letters: K landmarks, N instants.
"""

import cmath
import math
from typing import Self

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from device.contract.geometry import as_complex, as_points

HELD_MOVE, HELD_TURN = 0.02, 0.03
"""Change up to which the crop stays in place, in sizes of the face along an axis, and in growth and radians:
several times the noise of the landmarks, and a fraction of the misplacement seen in training."""

MAX_SECONDS = 1.5
"""Longest time over which a rate is extrapolated."""

MAX_GROWTH = 2.0
"""Limit of the growth in one step: more is a mistake."""


class Change(Struct, frozen=True):
    """A change of a face about the centroid of its landmarks; per second it is a rate."""

    move: complex = 0j
    """x + iy, pixels."""
    turn: complex = 0j
    """The logarithm of the growth, and the roll in radians, clockwise as seen, times i."""

    def __add__(self, other: "Change") -> "Change":
        """Both changes, one after the other."""
        return Change(self.move + other.move, self.turn + other.turn)

    def scaled(self, of_move: float, of_turn: float) -> "Change":
        """A fraction of the move and of the turn."""
        return Change(self.move * of_move, self.turn * of_turn)

    def is_held(self, size: float) -> bool:
        """Whether the crop of a face of such a size, pixels, stays where it is."""
        move, turn, reach = self.move, self.turn, HELD_MOVE * size
        held = -reach <= move.real <= reach and -reach <= move.imag <= reach
        return held and -HELD_TURN <= turn.real <= HELD_TURN and -HELD_TURN <= turn.imag <= HELD_TURN


REST = Change()

RATE_GAINS = 0.6, 0.3
"""Weight of the prediction error in the rates of move and turn: a pan may reverse within three frames, while
growth and roll are small compared with the noise of the landmarks."""

CROP_GAINS = 1.0, 0.5
"""How much of the prediction error the next crop corrects: all of the position, but half of size and roll,
since the landmarks depend on the crop and with full weight the two oscillate."""

CROP_LAG = CROP_GAINS[0] - 1, CROP_GAINS[1] - 1
"""How much of the error the next crop leaves, with its sign."""


class Shape(Struct, frozen=True, eq=False):
    """Landmarks relative to their centroid."""

    centroid: complex
    """Mean of the landmarks, pixels of the frame."""
    offsets: NDArray[np.complex128]
    """(K,) from the centroid, pixels."""
    power: float
    """Sum of the offsets' squares, square pixels."""

    @classmethod
    def of(cls, landmarks: NDArray[np.floating]) -> Self:
        """The shape of (K, 2) landmarks."""
        points = as_complex(landmarks)
        centroid = complex(np.add.reduce(points)) / len(points)
        offsets = points - centroid
        return cls(centroid, offsets, np.vdot(offsets, offsets).real.item())

    @property
    def landmarks(self) -> NDArray[np.float64]:
        """(K, 2) pixels of the frame."""
        return as_points(self.offsets + self.centroid)


def change_between(before: Shape, after: Shape) -> Change:
    """The similarity that maps one set of landmarks onto the other, by least squares.

    It is one quotient, whose absolute value is the growth and whose argument the roll.
    """
    quotient = 1 + 0j
    if before.power > 0:
        quotient = complex(np.vdot(before.offsets, after.offsets)) / before.power
    growth = min(max(abs(quotient), 1 / MAX_GROWTH), MAX_GROWTH)
    return Change(after.centroid - before.centroid, complex(math.log(growth), cmath.phase(quotient)))


def changed(shape: Shape, change: Change) -> Shape:
    """A shape after a change."""
    factor = cmath.exp(change.turn)
    power = shape.power * (factor.real * factor.real + factor.imag * factor.imag)
    return Shape(shape.centroid + change.move, shape.offsets * factor, power)


def ahead(rate: Change, elapsed_seconds: float) -> Change:
    """The change that a rate predicts after a time; none where the time is not positive or too long."""
    usable = 0 < elapsed_seconds <= MAX_SECONDS
    return rate.scaled(elapsed_seconds, elapsed_seconds) if usable else REST


def next_rate(rate: Change, error: Change, elapsed_seconds: float) -> Change:
    """The rate after a prediction over some time had this error.

    After too long a pause the face counts as at rest; without elapsed time the rate stays.
    """
    if elapsed_seconds > MAX_SECONDS:
        return REST
    of_move, of_turn = RATE_GAINS
    if elapsed_seconds <= 0:
        return rate
    return rate + error.scaled(of_move / elapsed_seconds, of_turn / elapsed_seconds)


def steady_velocity(seconds: NDArray[np.float64], centroids: NDArray[np.complex128]) -> complex:
    """Pixels a second: the slope of a straight line fitted to N positions.

    Args:
        seconds: (N,) instants.
        centroids: (N,) pixels.
    """
    since = seconds - seconds.mean()
    spread = float(since @ since)
    return complex(since @ centroids / spread) if spread > 0 else 0j


def held_inside(shape: Shape, size_wh: tuple[int, int]) -> Shape:
    """A shape moved so that its centroid is inside the frame.

    A face that has left the frame is expected back at the edge where it left.
    """
    width, height = size_wh
    x, y = shape.centroid.real, shape.centroid.imag
    centroid = complex(min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0))
    return replace(shape, centroid=centroid)
