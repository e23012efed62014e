"""The One Euro filter: a low-pass filter that adapts to speed (Casiez, Roussel, Vogel, CHI 2012).

The cutoff frequency grows with the speed, itself low-passed: noise is removed at rest, and motion hardly
lags. Points of the plane are complex numbers, so that one point has one speed and one cutoff.
"""

import math
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = TypeVar("Numbers", float, NDArray[np.float64])
"""One, or (N,)."""

Values = TypeVar("Values", complex, NDArray[Any])
"""One complex number, or (N,) float64 numbers or complex128 points of a plane."""


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


class OneEuro(Generic[Values]):
    """The filter of one value, or of N with the same parameters; each has its own cutoff at every instant."""

    def __init__(self, parameters: OneEuroParameters, values: Values) -> None:
        """Start at rest at the first values."""
        self._parameters = parameters
        self.values: Values = values
        self._velocities: Values = values * 0.0

    def follow(self, values: Values, elapsed_seconds: float, unit: float = 1.0) -> Values:
        """The filtered values, given new measured ones.

        Args:
            values: measured now.
            elapsed_seconds: since the ones before, above 0.
            unit: length that speed is measured in.
        """
        parameters, difference = self._parameters, values - self.values
        alpha = smoothing_factor(parameters.d_cutoff_hz, elapsed_seconds)
        self._velocities = self._velocities * (1 - alpha) + difference * (alpha / elapsed_seconds)
        # With r the cutoff in radians a step, the weight r / (r + 1) of the new value is 1 - 1 / (r + 1).
        step = 2 * math.pi * elapsed_seconds
        remaining = abs(self._velocities) * (step * parameters.beta / unit) + (
            1 + step * parameters.min_cutoff_hz
        )
        self.values = values - difference / remaining
        return self.values
