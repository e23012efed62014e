"""A finder's raw maps to faces: boxes, five points and scores, and of overlapping ones the best.

Every cell of the maps may claim one face, by three maps that each have an int8 scale of their own:

    score   logit(probability that a face's centre lies in this cell)
    box     (centre - cell) / offset_px, x then y; log2(side / size_px), width then height
    points  (point - centre) / side of the box along that axis: five points, x then y each

The logarithm makes one int8 step the same fraction of a small face as of a large one.
Letters: H, W cells of the maps, N faces.
"""

from dataclasses import dataclass

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from device.contract.bounds import Pixels, Probability, Text
from device.contract.boxes import non_maximum_suppression

POINT_COUNT = 5
"""Right eye, left eye, nose tip, right and left corner of the mouth; sides are the subject's."""

MAX_LOG2 = 8.0
"""Sides beyond 2^8 size_px are meaningless, from a damaged map; exp2 must not overflow on them."""


class FinderCodecRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How a finder's maps become faces."""

    name: Text
    """centre_size: the only codec so far."""
    stride: Pixels
    """Input pixels per cell."""
    offset_px: Pixels
    """Input pixels per unit of a centre's offset."""
    size_px: Pixels
    """Side of a box whose logarithm is 0, input pixels."""
    score_threshold: Probability = field(name="least_score")
    """Score below which a cell claims no face."""
    iou_threshold: Probability = field(name="most_iou")
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


def logit_threshold(rule: FinderCodecRule) -> float:
    """The raw score at which the sigmoid gives `score_threshold`."""
    return float(np.log(rule.score_threshold / (1 - rule.score_threshold)))


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
    centre = (cells[order, ::-1] + 0.5) * rule.stride - 0.5 + box[order, :2] * rule.offset_px
    side = rule.size_px * np.exp2(np.clip(box[order, 2:], -MAX_LOG2, MAX_LOG2))
    boxes = np.concatenate([centre - side / 2, centre + side / 2], axis=1)
    places = points[order].reshape(-1, POINT_COUNT, 2) * side[:, None] + centre[:, None]
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
    cells = np.argwhere(logits >= logit_threshold(rule))
    rows, columns = cells.T
    claimed = decode_cells(cells, logits[rows, columns], box[rows, columns], points[rows, columns], rule)
    return claimed.take(non_maximum_suppression(claimed.boxes, rule.iou_threshold))
