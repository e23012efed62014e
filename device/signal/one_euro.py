"""The One Euro filter: a low-pass filter that adapts to speed (Casiez, Roussel, Vogel, CHI 2012).

The cutoff frequency grows with the speed, itself low-passed: noise is removed at rest, and motion hardly
lags. Points of the plane are complex numbers, so that one point has one speed and one cutoff.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = TypeVar("Numbers", float, NDArray[np.float64])
"""One, or (N,)."""

Values = NDArray[Any]
"""(N,) float64 numbers, or complex128 points of a plane."""


@dataclass(frozen=True)
class OneEuroParameters:
    """How one filter trades noise against lag; names as in the paper."""

    min_cutoff_hz: float
    """Cutoff at rest: lower is steadier."""
    beta: float
    """Rise of the cutoff with speed, hertz for each unit a second: higher lags less."""
    d_cutoff_hz: float
    """Cutoff of the speed: higher reacts sooner, and to more noise."""


def smoothing_factor(cutoff_hz: Numbers, elapsed_seconds: float) -> Numbers:
    """Weight (0 to 1) of a new value in a first-order low-pass, `elapsed_seconds` after the last one."""
    radians = cutoff_hz * (2 * math.pi * elapsed_seconds)
    return radians / (radians + 1)


class OneEuro:
    """The filter of N values; each has its own cutoff at every instant."""

    def __init__(self, parameters: OneEuroParameters | Sequence[OneEuroParameters], values: Values) -> None:
        """Start at rest at the first values (N,).

        Args:
            parameters: the same for all values, or one for each.
            values: (N,) the first ones.
        """
        sets = [parameters] if isinstance(parameters, OneEuroParameters) else parameters
        columns = np.array([astuple(each) for each in sets]).T.copy()
        self._min_cutoff_hz, self._beta, self._d_cutoff_hz = columns
        self.values = values
        self._velocities = np.zeros_like(values)

    def follow(
        self, values: Values, elapsed_seconds: float, unit: float | NDArray[np.float64] = 1.0
    ) -> Values:
        """(N,) filtered values, given new measured ones (N,).

        Args:
            values: measured now.
            elapsed_seconds: since the ones before, above 0.
            unit: length that speed is measured in, one or (N,).
        """
        difference = values - self.values
        alpha = smoothing_factor(self._d_cutoff_hz, elapsed_seconds)
        self._velocities += alpha * (difference / elapsed_seconds - self._velocities)
        cutoff_hz = self._min_cutoff_hz + self._beta * np.abs(self._velocities) / unit
        self.values = self.values + smoothing_factor(cutoff_hz, elapsed_seconds) * difference
        return self.values
