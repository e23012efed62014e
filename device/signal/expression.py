"""Expression signals: measures of a face against the same face at rest.

What a face looks like at rest is learnt while it is followed, from the usual face on: in its first seconds
whatever it shows, later only what is near to what was learnt, so that a long smile stays one.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from device.messages.signals import SIGNAL_NAMES, SIGNALS
from device.signal.measures import measure
from device.signal.typical import typical

Array = NDArray[np.float64]

PRIOR_SECONDS = 0.5
"""Of watching that the usual face is worth."""

MEMORY_SECONDS = 30.0
"""Over which rest is averaged."""

TRUST_SECONDS = 2.0
"""Of watching after which half of what is learnt is held against what is seen."""

FAR_FROM_REST = 0.5
"""Of a range, where a measure counts for a quarter in learning."""

LESSON_SECONDS, LESSON_SHARE = 0.1, 0.02
"""Between two looks at rest, which changes the more slowly the longer it was watched: the shorter of a time
and a share of the time watched."""

LEARNING_DEGREES = 25.0
"""Turn of the head beyond which nothing is learnt: lengths are then guesses."""

LEAST_OPENING = 0.02
"""Between an eye's lids, eye distances, that even a narrow eye at rest has over a closed one."""

_EYES = slice(0, 2)
assert SIGNAL_NAMES[_EYES] == ("eye_open_right", "eye_open_left")


_LEAST, _MOST = (np.array(ends) for ends in zip(*((each.least, each.most) for each in SIGNALS), strict=True))
"""(S,) lower and upper ends of the signals' ranges."""


@cache
def _usual_ways() -> tuple[Array, Array]:
    """(S,) how far 2 % of all faces go down and up from rest."""
    usual = typical()
    return usual.rest - usual.least, usual.most - usual.rest


class Expression:
    """One face's, learnt and read from frame to frame."""

    def __init__(self) -> None:
        """The usual face."""
        self._rest = typical().rest.copy()
        lower, self._upper = _usual_ways()
        self._lower = lower.copy()
        self._watched_seconds = self._lesson_seconds = 0.0

    def read(self, face: Array, elapsed_seconds: float, turn_degrees: float) -> Array:
        """(S,) signals in their ranges' units, not yet cut off at their ends.

        Each is its measure's difference from rest: 1 is the way to what 2 % of all faces are beyond.

        Args:
            face: (68, 3) in head axes, eye distances.
            elapsed_seconds: since the last read, 0 the first time.
            turn_degrees: how far the head is turned from the camera.
        """
        away = measure(face) - self._rest
        values = away / np.where(away > 0, self._upper, self._lower)
        if turn_degrees <= LEARNING_DEGREES:
            self._lesson_seconds += elapsed_seconds
            if self._lesson_seconds >= min(LESSON_SECONDS, LESSON_SHARE * self._watched_seconds):
                self._learn(away, values)
        values[_EYES] += 1
        return np.asarray(values, np.float64)

    def _learn(self, away: Array, values: Array) -> None:
        """Take what is seen into rest, the less the farther it is from there.

        Args:
            away: (S,) from rest, eye distances.
            values: (S,) the same in the ranges' units.
        """
        watched, lesson = self._watched_seconds, self._lesson_seconds
        doubt = watched / (watched + TRUST_SECONDS)
        strange = values * (doubt / FAR_FROM_REST)
        share = min(lesson / (min(watched, MEMORY_SECONDS) + PRIOR_SECONDS), 1.0)
        self._rest += share / (1 + strange * strange) ** 2 * away
        # An eye's lower end is a closed one, which is the same for wide and narrow eyes.
        closed = typical().least[_EYES]
        self._lower[_EYES] = np.maximum(self._rest[_EYES] - closed, LEAST_OPENING)
        self._watched_seconds, self._lesson_seconds = watched + lesson, 0.0


def within_ranges(values: Array) -> dict[str, float]:
    """Signals by name, cut off at the ends of their ranges."""
    return dict(zip(SIGNAL_NAMES, np.minimum(np.maximum(values, _LEAST), _MOST).tolist(), strict=True))


def eye_openings(values: Array) -> tuple[float, float]:
    """Of (S,) signals, the right and the left eye's."""
    right, left = values[_EYES].tolist()
    return right, left
