"""A finder's raw maps to faces: boxes, five points and scores, and of overlapping ones the best.

Every cell of the maps may claim one face, by three maps that each have an int8 scale of their own:

    score   logit(probability that a face's middle lies in this cell)
    box     (middle - cell) / offset_px, x then y; log2(side / size_px), width then height
    points  (point - middle) / side of the box along that axis: five points, x then y each

The logarithm makes one int8 step the same fraction of a small face as of a large one.
Letters: H, W cells of the maps, N faces.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINT_COUNT = 5
"""Right eye, left eye, nose tip, right and left corner of the mouth; sides are the subject's."""

LARGEST_LOG2 = 8.0
"""Sides beyond 2^8 size_px are nonsense of a damaged map; exp2 must not overflow on them."""


@dataclass(frozen=True)
class FinderCodecRule:
    """How a finder's maps become faces."""

    name: str
    """centre_size: the only codec so far."""
    stride: float
    """Input pixels per cell."""
    offset_px: float
    """Input pixels per unit of a middle's offset."""
    size_px: float
    """Sides of a box whose logarithms are 0, input pixels."""
    least_score: float
    """Score below which a cell claims no face."""
    most_iou: float
    """Overlap of two boxes above which they are one face."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Faces in pixels of the finder's input."""

    boxes: NDArray[np.float32]
    """(N, 4) x_min, y_min, x_max, y_max: the tight box of the landmarks."""
    points: NDArray[np.float32]
    """(N, 5, 2) right eye, left eye, nose tip, mouth corners."""
    scores: NDArray[np.float32]
    """(N,) 0 to 1."""

    def take(self, chosen: NDArray[np.integer]) -> "Candidates":
        """Some of them, in the order of `chosen`."""
        return Candidates(self.boxes[chosen], self.points[chosen], self.scores[chosen])


def least_logit(rule: FinderCodecRule) -> float:
    """The raw score at which the sigmoid gives `least_score`."""
    return float(np.log(rule.least_score / (1 - rule.least_score)))


def decode_cells(
    cells: NDArray[np.integer],
    logits: NDArray[np.float32],
    box: NDArray[np.float32],
    points: NDArray[np.float32],
    rule: FinderCodecRule,
) -> Candidates:
    """The faces that N cells claim, best first.

    Args:
        cells: (N, 2) row and column of each.
        logits: (N,) raw scores.
        box: (N, 4) raw values of the box map.
        points: (N, 10) raw values of the points map.
        rule: the units.
    """
    order = np.argsort(-logits, kind="stable")
    middle = (cells[order, ::-1] + 0.5) * rule.stride - 0.5 + box[order, :2] * rule.offset_px
    side = rule.size_px * np.exp2(np.clip(box[order, 2:], -LARGEST_LOG2, LARGEST_LOG2))
    boxes = np.concatenate([middle - side / 2, middle + side / 2], axis=1)
    places = points[order].reshape(-1, POINT_COUNT, 2) * side[:, None] + middle[:, None]
    # A logit of 30 is as sure as float32 can say; more would overflow exp on the other side.
    scores = 1 / (1 + np.exp(-np.clip(logits[order], -30, 30)))
    return Candidates(
        boxes.astype(np.float32, copy=False),
        places.astype(np.float32, copy=False),
        scores.astype(np.float32, copy=False),
    )


def decode_maps(
    score: NDArray[np.float32],
    box: NDArray[np.float32],
    points: NDArray[np.float32],
    rule: FinderCodecRule,
) -> Candidates:
    """Faces of whole maps of reals, best first, each once.

    Args:
        score: (H, W) or (H, W, 1) logits.
        box: (H, W, 4).
        points: (H, W, 10).
        rule: the units and the limits.
    """
    logits = score.reshape(box.shape[:2])
    cells = np.argwhere(logits >= least_logit(rule))
    rows, columns = cells.T
    claimed = decode_cells(cells, logits[rows, columns], box[rows, columns], points[rows, columns], rule)
    return claimed.take(suppress_overlaps(claimed.boxes, rule.most_iou))


def overlaps(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) intersection over union of one box (4,) with (N, 4)."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = np.prod(box[2:] - box[:2]) + areas - shared
    return np.asarray(shared / np.maximum(union, np.float32(1e-9)), np.float32)


def suppress_overlaps(boxes: NDArray[np.float32], most_iou: float) -> NDArray[np.int64]:
    """Indices of the boxes that stay: each in turn removes the later ones that overlap it.

    Args:
        boxes: (N, 4), best first.
        most_iou: overlap above which two boxes are one face.
    """
    kept: list[int] = []
    left = np.arange(len(boxes))
    # One turn a face that stays, not one a cell: many cells claim the same face.
    while len(left):
        best, left = int(left[0]), left[1:]
        kept.append(best)
        left = left[overlaps(boxes[best], boxes[left]) <= most_iou]
    return np.array(kept, np.int64)
