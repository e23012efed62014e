"""The One Euro filter: a low-pass that lets go when its value moves (Casiez, Roussel, Vogel, CHI 2012).

The cutoff frequency grows with the speed, itself low-passed: at rest noise is taken out, in motion there is
hardly any lag. Points of the plane are complex numbers, so that one point has one speed and one cutoff.
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
class Cutoffs:
    """How one filter trades noise against lag."""

    least_hz: float
    """Cutoff at rest: lower is steadier."""
    slope: float
    """How much the cutoff rises with speed, hertz for each unit a second: higher lags less."""
    speed_hz: float
    """Cutoff of the speed: higher wakes sooner, and is woken by more noise."""


def smoothing_share(cutoff_hz: Numbers, elapsed_seconds: float) -> Numbers:
    """How much of a new value a first-order low-pass takes over, 0 to 1, after so long a time."""
    turned = cutoff_hz * (2 * math.pi * elapsed_seconds)
    return turned / (turned + 1)


class OneEuro:
    """The filter of N values; each has its own cutoff at every instant."""

    def __init__(self, cutoffs: Cutoffs | Sequence[Cutoffs], values: Values) -> None:
        """At rest at the first values (N,), with the same cutoffs for all or one set for each."""
        sets = [cutoffs] if isinstance(cutoffs, Cutoffs) else cutoffs
        self._least_hz, self._slopes, self._speed_hz = np.array([astuple(each) for each in sets]).T.copy()
        self.values = values
        self._velocities = np.zeros_like(values)

    def follow(
        self, values: Values, elapsed_seconds: float, unit: float | NDArray[np.float64] = 1.0
    ) -> Values:
        """(N,) the filtered values once new ones (N,) are known.

        Args:
            values: measured now.
            elapsed_seconds: since the ones before, above 0.
            unit: length that speed is measured in, one or (N,).
        """
        ahead = values - self.values
        share = smoothing_share(self._speed_hz, elapsed_seconds)
        self._velocities += share * (ahead / elapsed_seconds - self._velocities)
        cutoff_hz = self._least_hz + self._slopes * np.abs(self._velocities) / unit
        self.values = self.values + smoothing_share(cutoff_hz, elapsed_seconds) * ahead
        return self.values
