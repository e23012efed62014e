"""Expression signals: measures of a face relative to the same face at rest.

The face at rest is learnt while it is followed, starting from the population average: everything counts in
the first seconds, later only what is near to what was learnt, so that a long smile stays a smile.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from device.signal.measures import MEASURE_NAMES, MEASURED, measure
from device.signal.typical import typical

Array = NDArray[np.float64]

PRIOR_SECONDS = 0.5
"""Weight of the population average, as seconds of observation."""

MEMORY_SECONDS = 30.0
"""Time over which the face at rest is averaged."""

TRUST_SECONDS = 2.0
"""Observation time after which what was learnt counts half against an unusual measure."""

FAR_FROM_REST = 0.5
"""Distance from rest, as a fraction of the range, at which a measure counts a quarter in learning."""

UPDATE_SECONDS, UPDATE_FRACTION = 0.1, 0.02
"""Time between two updates of the face at rest: the shorter of a time and a fraction of the time observed,
since the estimate changes the more slowly the longer the face was observed."""

LEARNING_DEGREES = 25.0
"""Turn of the head beyond which nothing is learnt: lengths are too uncertain there."""

MIN_OPENING = 0.02
"""Opening of the narrowest eye at rest over a closed one, eye distances."""

_EYES = slice(0, 2)
assert MEASURE_NAMES[_EYES] == ("eye_open_right", "eye_open_left")


_LEAST, _MOST = (np.array(ends) for ends in zip(*((each.least, each.most) for each in MEASURED), strict=True))
"""(S,) lower and upper ends of the signals' ranges."""


@cache
def _typical_ranges() -> tuple[Array, Array]:
    """(S,) distances below and above rest that 2 % of all faces exceed."""
    average = typical()
    return average.rest - average.least, average.most - average.rest


class Expression:
    """Of one face, learnt and read from frame to frame."""

    def __init__(self) -> None:
        self._rest = typical().rest.copy()
        lower, self._upper = _typical_ranges()
        self._lower = lower.copy()
        self._observed_seconds = self._pending_seconds = 0.0

    def read(self, face: Array, elapsed_seconds: float, turn_degrees: float) -> Array:
        """(S,) signals in their ranges' units, not yet cut off at their ends.

        Each is its measure's distance from rest: 1 is what 2 % of all faces exceed.

        Args:
            face: (68, 3) in head axes, eye distances.
            elapsed_seconds: since the last read, 0 the first time.
            turn_degrees: how far the head is turned from the camera.
        """
        away = measure(face) - self._rest
        values = away / np.where(away > 0, self._upper, self._lower)
        if turn_degrees <= LEARNING_DEGREES:
            self._pending_seconds += elapsed_seconds
            if self._pending_seconds >= min(UPDATE_SECONDS, UPDATE_FRACTION * self._observed_seconds):
                self._learn(away, values)
        values[_EYES] += 1
        return np.asarray(values, np.float64)

    def _learn(self, away: Array, values: Array) -> None:
        """Update the face at rest, the less the farther a measure is from it.

        Args:
            away: (S,) from rest, eye distances.
            values: (S,) the same in the ranges' units.
        """
        observed, pending = self._observed_seconds, self._pending_seconds
        doubt = observed / (observed + TRUST_SECONDS)
        unusual = values * (doubt / FAR_FROM_REST)
        weight = min(pending / (min(observed, MEMORY_SECONDS) + PRIOR_SECONDS), 1.0)
        self._rest += weight / (1 + unusual * unusual) ** 2 * away
        # An eye's lower end is a closed one, which is the same for wide and narrow eyes.
        closed = typical().least[_EYES]
        self._lower[_EYES] = np.maximum(self._rest[_EYES] - closed, MIN_OPENING)
        self._observed_seconds, self._pending_seconds = observed + pending, 0.0


def within_ranges(values: Array) -> dict[str, float]:
    """Every signal by name, cut off at the ends of their ranges."""
    return dict(zip(MEASURE_NAMES, np.minimum(np.maximum(values, _LEAST), _MOST).tolist(), strict=True))


def eye_openings(values: Array) -> tuple[float, float]:
    """Of (S,) signals, the right and the left eye's."""
    right, left = values[_EYES].tolist()
    return right, left
