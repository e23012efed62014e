"""How far one form's outputs are from the original network's."""

import numpy as np
from numpy.typing import NDArray


class Difference:
    """Largest and mean absolute difference, accumulated over pairs of arrays."""

    def __init__(self) -> None:
        self.largest = 0.0
        self._total = 0.0
        self._count = 0

    def add(self, got: NDArray[np.floating] | float, reference: NDArray[np.floating] | float) -> None:
        """Add a pair of equal shape; a value that is not finite stays in the result."""
        size = np.abs(np.asarray(got, np.float64) - reference)
        # np.maximum, unlike max, passes NaN on.
        self.largest = float(np.maximum(self.largest, size.max()))
        self._total += float(size.sum())
        self._count += size.size

    def summary(self) -> dict[str, float]:
        """{"largest", "mean"}."""
        return {"largest": self.largest, "mean": self._total / max(self._count, 1)}
