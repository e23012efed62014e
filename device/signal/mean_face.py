"""The mean face in three dimensions: where the landmarks lie on an average head.

The numbers are this project's own, derived from training shapes by `python -m training mean-face`.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("mean_face.json")


@cache
def mean_landmarks() -> NDArray[np.float64]:
    """(68, 3) eye distances from the point midway between the outer eye corners.

    x to the subject's left, y down, z to the back of the head; not to be written to.
    """
    landmarks = np.array(json.loads(FILE.read_bytes())["landmarks"], np.float64)
    landmarks.flags.writeable = False
    return landmarks


@cache
def front_radius() -> float:
    """Root mean square distance of the landmarks from their mean, seen from the front, eye distances."""
    front = mean_landmarks()[:, :2]
    return float(np.sqrt(((front - front.mean(axis=0)) ** 2).sum(axis=1).mean()))
