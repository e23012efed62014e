"""How a face moves: changes of place, size and roll between sets of landmarks, and where they lead.

Pure functions. Points are complex numbers x + iy here: a similarity is then a product and a sum, and what
is said of a whole face is a number or two, for which arrays would be slow. Letters: K landmarks, N instants.
"""

import cmath
import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import as_complex, as_points

HELD_MOVE, HELD_TURN = 0.02, 0.03
"""Change, in sizes of the face along an axis, and in growth and radians, up to which the crop stays where it
is: several times the noise of the landmarks, and a fraction of what the network was trained to bear."""

FARTHEST_SECONDS = 1.5
"""Time over which a constant rate says anything."""

LARGEST_STEP = math.log(2.0)
"""Growth of one step, as a logarithm, beyond which it is a mistake."""


@dataclass(frozen=True, slots=True)
class Change:
    """Of a face, about the mean of its landmarks; a change a second is a rate."""

    move: complex = 0j
    """x + iy, pixels."""
    turn: complex = 0j
    """The logarithm of the growth, and the roll in radians, clockwise as seen, times i."""

    def __add__(self, other: "Change") -> "Change":
        """One after the other."""
        return Change(self.move + other.move, self.turn + other.turn)

    def part(self, of_move: float, of_turn: float) -> "Change":
        """Shares of it."""
        return Change(self.move * of_move, self.turn * of_turn)

    def is_held(self, size: float) -> bool:
        """Whether the crop of a face of such a size, pixels, stays where it is."""
        farthest = max(abs(self.move.real), abs(self.move.imag))
        return farthest <= HELD_MOVE * size and max(abs(self.turn.real), abs(self.turn.imag)) <= HELD_TURN


REST = Change()

RATE_GAINS = 0.6, 0.3
"""Weight of a wrong prediction in the rates of move and turn: a fast pan turns within three frames, while
growth and roll are small beside the noise of the landmarks."""

CROP_GAINS = 1.0, 0.5
"""How much of a wrong prediction the next crop makes good: it follows at once in place, but by half in
size and roll, for the landmarks answer to the crop and at full weight the two swing."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Landmarks about their mean."""

    middle: complex
    """Their mean, pixels of the frame."""
    offsets: NDArray[np.complex128]
    """(K,) from there."""

    @classmethod
    def of(cls, landmarks: NDArray[np.floating]) -> Self:
        """Of (K, 2) landmarks."""
        points = as_complex(landmarks)
        middle = complex(points.sum()) / len(points)
        return cls(middle, points - middle)

    @property
    def landmarks(self) -> NDArray[np.float64]:
        """(K, 2) pixels of the frame."""
        return as_points(self.offsets + self.middle)


def change_between(before: Shape, after: Shape) -> Change:
    """The similarity that carries one set of landmarks best onto the other, least squares.

    It is one quotient, whose absolute value is the growth and whose argument the roll.
    """
    power = np.vdot(before.offsets, before.offsets).real
    quotient = complex(np.vdot(before.offsets, after.offsets) / power) if power > 0 else 1 + 0j
    growth = min(max(abs(quotient), math.exp(-LARGEST_STEP)), math.exp(LARGEST_STEP))
    return Change(after.middle - before.middle, complex(math.log(growth), cmath.phase(quotient)))


def changed(shape: Shape, change: Change) -> Shape:
    """A shape after a change."""
    return Shape(shape.middle + change.move, shape.offsets * cmath.exp(change.turn))


def ahead(rate: Change, elapsed_seconds: float) -> Change:
    """What a rate makes of a time; nothing over one that cannot be told or is too long."""
    told = 0 < elapsed_seconds <= FARTHEST_SECONDS
    return rate.part(elapsed_seconds, elapsed_seconds) if told else REST


def next_rate(rate: Change, wrong: Change, elapsed_seconds: float) -> Change:
    """The rate after a prediction over some time was `wrong` by this change.

    A pause too long to say anything gives rest; no time at all leaves the rate as it was.
    """
    if elapsed_seconds > FARTHEST_SECONDS:
        return REST
    of_move, of_turn = RATE_GAINS
    if elapsed_seconds <= 0:
        return rate
    return rate + wrong.part(of_move / elapsed_seconds, of_turn / elapsed_seconds)


def steady_velocity(seconds: NDArray[np.float64], middles: NDArray[np.complex128]) -> complex:
    """Pixels a second: the slope of the straight line through N places, least squares.

    Args:
        seconds: (N,) instants.
        middles: (N,) pixels.
    """
    since = seconds - seconds.mean()
    spread = float(since @ since)
    return complex(since @ middles / spread) if spread > 0 else 0j


def held_inside(shape: Shape, size_wh: tuple[int, int]) -> Shape:
    """A shape moved so that its mean is inside the frame.

    A face that has left cannot be seen outside: it waits at the edge where it left.
    """
    width, height = size_wh
    x, y = shape.middle.real, shape.middle.imag
    return Shape(complex(min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)), shape.offsets)
