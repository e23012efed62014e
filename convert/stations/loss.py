"""What int8 costs over the original network: the mean with its interval, and the worst face."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
"""Of the bootstrap (Efron 1979): enough for two digits of a 95 % interval."""


def bootstrap_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of the mean by resampling faces; the same values give the same interval."""
    rng = np.random.default_rng(0)
    means = [rng.choice(values, len(values)).mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def int8_loss(errors: Sequence[float], reference: Sequence[float]) -> dict[str, Any]:
    """Percentage points that int8 costs, face by face.

    Args:
        errors: of int8, a fraction a face.
        reference: of the original network, on the same faces.
    """
    points = 100 * (np.asarray(errors, np.float64) - np.asarray(reference, np.float64))
    worst = int(np.argmax(points))
    return {
        "int8_loss_points": float(points.mean()),
        "int8_loss_interval_points": list(bootstrap_interval(points)),
        "worst_face": {"crop": worst, "loss_points": float(points[worst])},
    }
