"""Landmarks drawn on faces, and pictures side by side."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

GREEN, RED = (80, 220, 80), (60, 60, 230)
"""BGR colours of labels and of predictions."""
ENLARGED = 2


def draw_face(
    crop: NDArray[np.uint8], predicted: NDArray[np.floating], true: NDArray[np.floating] | None
) -> NDArray[np.uint8]:
    """An enlarged crop with the truth in green and the prediction in red."""
    picture = cv2.resize(crop, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    for landmarks, colour in ((true, GREEN), (predicted, RED)):
        if landmarks is None:
            continue
        for x, y in (landmarks + 0.5) * ENLARGED - 0.5:
            cv2.circle(picture, (round(float(x)), round(float(y))), 1, colour, -1, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def tile(pictures: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Pictures of one size side by side, black where the last row ends early."""
    blank = np.zeros_like(pictures[0])
    padded = [*pictures, *([blank] * (-len(pictures) % columns))]
    rows = [np.hstack(padded[start : start + columns]) for start in range(0, len(padded), columns)]
    return np.vstack(rows)
