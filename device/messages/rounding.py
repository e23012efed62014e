"""Numbers rounded to the decimals that a field's annotation asks for."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.messages.fields import unwrapped

Round = Callable[[Any], Any]


def round_array(values: NDArray[np.floating], factor: float | NDArray[np.float64]) -> NDArray[np.floating]:
    """Values rounded to whole numbers of 1 / factor, in C order, with 0 for -0.

    What np.round does, but with a factor for each value where they differ: Python's own `round` takes a
    microsecond a number.
    """
    rounded = np.ascontiguousarray(values) * factor
    np.rint(rounded, rounded)
    rounded /= factor
    rounded += 0.0
    return rounded


def round_number(number: float, factor: float) -> float:
    """One number rounded to a whole number of 1 / factor; one that is out of reach for that stays."""
    steps = number * factor
    return round(steps) / factor if math.isfinite(steps) else number


@cache
def rounder_of(digits: int) -> Round:
    """What rounds a number to so many decimals."""
    factor = 10.0**digits
    return lambda number: round_number(number, factor)


def rounder(hint: Any) -> Round | None:
    """What rounds a field of this annotated type; None where it holds no number to round."""
    kind, noted, _ = unwrapped(hint)
    digits = noted.get("digits")
    return rounder_of(digits) if kind is float and digits is not None else None
