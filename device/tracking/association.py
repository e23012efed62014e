"""Which boxes are the same face, and which observed face is which known one.

Pure functions of arrays. Letters: N, M boxes as (x_min, y_min, x_max, y_max), pixels of the frame. A
box's size is its longest side.
"""

import numpy as np
from numpy.typing import NDArray

from device.contract.boxes import iou_matrix

Boxes = NDArray[np.float64]
"""(N, 4) x_min, y_min, x_max, y_max, pixels."""


def centres_of(boxes: Boxes) -> NDArray[np.float64]:
    """(N, 2) centres of (N, 4) boxes, pixels."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def sizes_of(boxes: Boxes) -> NDArray[np.float64]:
    """(N,) longest sides of (N, 4) boxes, pixels; never below one, so that it may divide."""
    sides: NDArray[np.float64] = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1.0), 1.0)
    return sides


def distances(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """(N, M) distances of the centres, in units of the larger box's size."""
    apart = np.linalg.norm(centres_of(first)[:, None] - centres_of(second)[None], axis=2)
    return np.asarray(apart / np.maximum(sizes_of(first)[:, None], sizes_of(second)[None]), np.float64)


def same_faces(first: Boxes, second: Boxes, iou_threshold: float, near: float) -> NDArray[np.bool_]:
    """(N, M) whether two boxes can only be one face.

    They overlap, or the centre of one lies so near the other's that no second face has room there: a
    box gone far too small inside the right one overlaps it little.

    Args:
        first: (N, 4) boxes.
        second: (M, 4) boxes.
        iou_threshold: overlap above which they are one.
        near: distance of the centres, in units of the larger size, up to which they are one.
    """
    return (iou_matrix(first, second) > iou_threshold) | (distances(first, second) < near)


def return_costs(
    expected: Boxes, found: Boxes, reaches: NDArray[np.float64], size_ratio: float
) -> NDArray[np.float64]:
    """(N, M) cost of matching each found box to each expected face; infinite where they cannot match.

    Args:
        expected: (N, 4) boxes at their predicted places.
        found: (M, 4) boxes.
        reaches: (N,) how far each face may be from its predicted place, in units of the larger size.
        size_ratio: of the larger to the smaller size, up to which two boxes are of similar size.
    """
    apart = distances(expected, found)
    unlike = np.abs(np.log(sizes_of(expected)[:, None] / sizes_of(found)[None]))
    possible = (apart <= reaches[:, None]) & (unlike <= np.log(size_ratio))
    return np.where(possible, apart + unlike, np.inf)


def match_cheapest(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) of an (N, M) cost matrix, cheapest first, each row and column once.

    An infinite cost is no pair. Greedy: a few faces, seldom two in doubt at once.
    """
    pairs: list[tuple[int, int]] = []
    open_costs = costs.copy()
    while open_costs.size and np.isfinite(cheapest := open_costs.min()):
        row, column = (int(place[0]) for place in np.nonzero(open_costs == cheapest))
        pairs.append((row, column))
        open_costs[row, :] = np.inf
        open_costs[:, column] = np.inf
    return pairs
