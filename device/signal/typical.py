"""The population average: distributions of expression measures and region scores over many faces.

The numbers are this project's own, counted on training faces by `python -m training signals`.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.messages.signals import REGIONS
from device.signal.measures import MEASURE_NAMES

FILE = Path(__file__).with_name("typical.json")


@dataclass(frozen=True, eq=False)
class Typical:
    """Statistics of faces turned to the camera."""

    rest: NDArray[np.float64]
    """(S,) median of each measure, eye distances."""
    least: NDArray[np.float64]
    """(S,) 2nd percentile of each measure."""
    most: NDArray[np.float64]
    """(S,) 98th percentile of each measure."""
    scores: NDArray[np.float64]
    """(R,) median score of each region's landmarks, 0 to 1."""


@cache
def typical() -> Typical:
    """The shipped numbers."""
    page = json.loads(FILE.read_bytes())
    columns = {
        name: np.array([page["measures"][signal][name] for signal in MEASURE_NAMES], np.float64)
        for name in ("rest", "least", "most")
    }
    return Typical(**columns, scores=np.array([page["scores"][region] for region in REGIONS], np.float64))
