import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.contract.boxes import iou_matrix, non_maximum_suppression
from device.contract.geometry import Box

SIZE = 101
"""Side of a drawn picture; all boxes below fit it."""

corner, side = st.integers(0, 60), st.integers(1, 40)
box_lists = st.lists(st.tuples(corner, corner, side, side), max_size=25)


def drawn(box):
    """The pixels that a box of whole numbers covers."""
    mask = np.zeros((SIZE, SIZE), bool)
    x_min, y_min, x_max, y_max = (int(value) for value in box)
    mask[y_min:y_max, x_min:x_max] = True
    return mask


def counted_iou(first, second):
    """Intersection over union, by counting pixels."""
    one, other = drawn(first), drawn(second)
    return (one & other).sum() / (one | other).sum()


def corners(sizes):
    return [(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h in sizes]


@settings(max_examples=30, deadline=None)
@given(box_lists, box_lists)
def test_the_overlap_of_boxes_is_the_share_of_their_common_pixels(first, second):
    first, second = corners(first), corners(second)
    counted = [[counted_iou(one, other) for other in second] for one in first]
    matrix = iou_matrix(np.array(first).reshape(-1, 4), np.array(second).reshape(-1, 4))
    assert matrix == pytest.approx(np.array(counted).reshape(len(first), len(second)))
    for one, row in zip(first, counted, strict=True):
        assert [Box(*one).iou(Box(*other)) for other in second] == pytest.approx(row)


def test_boxes_without_extent_overlap_nothing():
    points = np.array([[5.0, 5, 5, 5], [9, 9, 9, 9]])
    assert iou_matrix(points, points).tolist() == [[0, 0], [0, 0]]


def brute_force(boxes, threshold):
    """Box after box: it stays unless one that stayed before overlaps it."""
    kept = []
    for number, box in enumerate(boxes):
        if all(counted_iou(box, boxes[other]) <= threshold for other in kept):
            kept.append(number)
    return kept


@settings(max_examples=60, deadline=None)
@given(box_lists, st.sampled_from([0.1, 0.31, 0.45, 0.72]))
def test_suppression_agrees_with_brute_force(sizes, threshold):
    boxes = corners(sizes)
    array = np.array(boxes, np.float32).reshape(-1, 4)
    assert non_maximum_suppression(array, threshold).tolist() == brute_force(boxes, threshold)
