import numpy as np
import pytest

from device.contract.geometry import Box
from device.tracking.association import distances, match_cheapest, return_costs, same_faces

NONE = np.zeros((0, 4))


def boxes(*centers_and_sides):
    return np.array([Box.centred((x, y), (side, side)).xyxy for x, y, side in centers_and_sides])


def test_distances_are_counted_in_sizes_of_the_larger_box():
    near_and_far = distances(boxes((100, 100, 50)), boxes((100, 140, 80), (130, 140, 20)))
    assert near_and_far == pytest.approx(np.array([[40 / 80, 50 / 50]]))


def test_a_box_shrunk_inside_another_is_the_same_face_and_a_neighbour_is_not():
    face = boxes((200, 200, 100))
    others = boxes((200, 200, 30), (210, 205, 105), (270, 200, 100), (200, 300, 100))
    assert same_faces(face, others, iou_threshold=0.4, near=0.35).tolist() == [[True, True, False, False]]


def test_a_face_may_return_within_its_reach_and_of_similar_size_only():
    expected = boxes((200, 200, 100))
    found = boxes((260, 200, 100), (330, 200, 100), (200, 200, 60), (200, 200, 40))
    costs = return_costs(expected, found, np.array([1.0]), size_ratio=2.0)
    assert np.isfinite(costs).tolist() == [[True, False, True, False]]
    assert costs[0, 0] == pytest.approx(0.6)
    assert costs[0, 2] == pytest.approx(np.log(100 / 60))


def test_the_cheapest_pair_goes_first_and_no_one_is_given_twice():
    costs = np.array([[0.4, 0.2, np.inf], [0.1, 0.3, np.inf]])
    assert match_cheapest(costs) == [(1, 0), (0, 1)]


def test_a_face_without_a_possible_partner_stays_alone():
    costs = np.array([[0.5, np.inf], [0.6, np.inf]])
    assert match_cheapest(costs) == [(0, 0)]


def test_matching_leaves_the_costs_as_they_were():
    costs = np.array([[0.5, 0.1]])
    match_cheapest(costs)
    assert costs.tolist() == [[0.5, 0.1]]


@pytest.mark.parametrize(
    ("first", "second"), [(NONE, NONE), (NONE, boxes((1, 1, 1))), (boxes((1, 1, 1)), NONE)]
)
def test_no_boxes_give_empty_answers(first, second):
    shape = len(first), len(second)
    assert same_faces(first, second, 0.4, 0.35).shape == shape
    costs = return_costs(first, second, np.ones(len(first)), 2.0)
    assert costs.shape == shape
    assert match_cheapest(costs) == []


def test_boxes_without_extent_do_not_divide_by_zero():
    points = np.array([[5.0, 5, 5, 5], [9, 9, 9, 9]])
    assert np.isfinite(distances(points, points)).all()
