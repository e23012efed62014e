"""Arrays of a message: numpy's in memory, lists on the wire.

The decoder checks the lists, which it does many times as fast as numpy; a struct then makes arrays of them.
"""

from array import array
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

MAX_PIXELS = float(2**20)
"""No coordinate is farther out: no frame is as large."""

if TYPE_CHECKING:
    Points = NDArray[np.floating]
    Numbers = NDArray[np.floating]
else:
    Coordinate = Annotated[float, Meta(ge=-MAX_PIXELS, le=MAX_PIXELS)]
    Points = list[tuple[Coordinate, Coordinate]]
    Numbers = list[Annotated[float, Meta(ge=0, le=1)]]


def array_of_points(points: Any) -> NDArray[np.float64]:
    """(K, 2) of K pairs."""
    return np.frombuffer(array("d", chain.from_iterable(points))).reshape(-1, 2)


def array_of_numbers(numbers: Any) -> NDArray[np.float64]:
    """(K,) of K numbers."""
    return np.frombuffer(array("d", numbers))
