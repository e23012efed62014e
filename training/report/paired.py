"""Two rows of a table compared face by face: their difference, and the interval within which it is chance.

A face that is hard for one network is hard for the other. The differences face by face therefore vary far
less than the errors do, and an interval of theirs tells what two means alone cannot (paired bootstrap with a
percentile interval: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 5000
LEVEL = 0.95
"""Of the interval."""


@dataclass(frozen=True)
class Difference:
    """One row's mean error less another's, fractions; below zero the first is better."""

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero; if not, this is no difference."""
        return self.low > 0 or self.high < 0

    def text(self, sign: float = 1.0) -> str:
        """Percentage points and their interval, as `-0.50 [-0.61, -0.39]`; `sign` -1 for the gain."""
        ends = sorted((sign * self.low, sign * self.high))
        return f"{100 * sign * self.mean:+z.2f} [{100 * ends[0]:+z.2f}, {100 * ends[1]:+z.2f}]"


def _weights(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(DRAWS, count): how often each of `count` is drawn with replacement, over `count`."""
    return rng.multinomial(count, np.full(count, 1 / count), DRAWS) / count


def paired_difference(
    ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]], seed: int = 0
) -> Difference:
    """The difference of two rows over the same faces.

    Faces are drawn for both rows alike, seeds for each by itself: with several seeds the interval holds the
    chance of the training as well as that of the faces.

    Args:
        ours: for each seed, the error on each of N faces.
        theirs: likewise, on the same faces.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    faces = _weights(len(ours[0]), rng)
    means = [
        ((faces @ np.asarray(row, np.float64).T) * _weights(len(row), rng)).sum(1) for row in (ours, theirs)
    ]
    low, high = np.quantile(means[0] - means[1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Difference(float(np.mean(ours) - np.mean(theirs)), float(low), float(high))


def interval_of_mean(
    values: Sequence[float] | NDArray[np.floating], seed: int = 0
) -> tuple[float, float, float]:
    """Mean of one row and the interval within which the choice of its values moves it; NaN without any."""
    if len(values) == 0:
        return (np.nan, np.nan, np.nan)
    drawn = _weights(len(values), np.random.default_rng(seed)) @ np.asarray(values, np.float64)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(np.mean(values)), float(low), float(high)
