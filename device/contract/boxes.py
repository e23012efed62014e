"""Overlap of boxes, and which of several overlapping boxes to keep.

Letters: N, M boxes as (x_min, y_min, x_max, y_max), pixels.
"""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating]
"""(N, 4) x_min, y_min, x_max, y_max, pixels."""


def iou_matrix(first: Boxes, second: Boxes) -> NDArray[np.floating]:
    """(N, M) intersection over union of (N, 4) with (M, 4) boxes, 0 to 1; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = areas_of(first)[:, None] + areas_of(second)[None] - shared
    return np.asarray(shared / np.maximum(union, np.finfo(union.dtype).tiny))


def areas_of(boxes: Boxes) -> NDArray[np.floating]:
    """(N,) areas of (N, 4) boxes, square pixels; 0 for an empty one."""
    return np.asarray(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1))


def non_maximum_suppression(boxes: Boxes, iou_threshold: float) -> NDArray[np.int64]:
    """Indices of the boxes to keep: each in turn removes the later ones that overlap it.

    Args:
        boxes: (N, 4), best first.
        iou_threshold: overlap above which two boxes are one face.
    """
    kept: list[int] = []
    left = np.arange(len(boxes))
    # One turn for each face that stays, not for each cell: many cells claim the same face.
    while len(left):
        best, left = int(left[0]), left[1:]
        kept.append(best)
        left = left[iou_matrix(boxes[best : best + 1], boxes[left])[0] <= iou_threshold]
    return np.array(kept, np.int64)
