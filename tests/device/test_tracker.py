import numpy as np
import pytest

from device.contract.geometry import Box
from device.tracker import Tracker, TrackerSettings
from tests.fakes import FACE_SHAPE, FakeFinder, FakeNetwork, draw_square_face


def a_scene(*centers, side=100):
    image = np.zeros((480, 640, 3), np.uint8)
    for center in centers:
        draw_square_face(image, center, side)
    return image


def box_at(center, side=100):
    return Box.centred(center, (side, side))


def middle(face):
    return np.array(face.box.center_xy)


@pytest.fixture
def network():
    return FakeNetwork()


def test_a_face_is_searched_once_and_then_followed(network):
    finder = FakeFinder(box_at((200, 200)))
    tracker = Tracker(network, finder)
    for step in range(30):
        center = (200 + 6 * step, 200 + 2 * step)
        tracked = tracker.track(a_scene(center))
        assert [face.id for face in tracked.faces] == [1]
        assert middle(tracked.faces[0]) == pytest.approx(center, abs=2)
    assert finder.searches == 1


def test_a_new_face_takes_refining_passes_and_a_followed_one_a_single_pass(network):
    tracker = Tracker(network, FakeFinder(box_at((200, 200))), TrackerSettings(refinements=2))
    tracker.track(a_scene((200, 200)))
    assert network.passes == 3
    tracker.track(a_scene((202, 200)))
    assert network.passes == 4


def test_refining_mends_a_coarse_box(network):
    coarse = box_at((225, 215), side=170)
    tracked = Tracker(network, FakeFinder(coarse)).track(a_scene((200, 200)))
    face = tracked.faces[0]
    assert middle(face) == pytest.approx((200, 200), abs=2)
    eye_distance = np.linalg.norm(face.landmarks_frame[45] - face.landmarks_frame[36])
    assert eye_distance == pytest.approx(101 * np.linalg.norm(FACE_SHAPE[45] - FACE_SHAPE[36]), rel=0.05)


def test_a_face_that_leaves_is_lost_once_and_comes_back_under_a_new_id(network):
    finder = FakeFinder(box_at((200, 200)))
    tracker = Tracker(network, finder)
    tracker.track(a_scene((200, 200)))
    gone = tracker.track(a_scene())
    assert (gone.faces, gone.lost_ids) == ([], [1])
    still_gone = tracker.track(a_scene())
    assert (still_gone.faces, still_gone.lost_ids) == ([], [])
    back = tracker.track(a_scene((200, 200)))
    assert [face.id for face in back.faces] == [2]


def test_ground_that_the_finder_takes_for_a_face_is_not_confirmed(network):
    tracked = Tracker(network, FakeFinder(box_at((400, 300)))).track(a_scene((100, 100)))
    assert tracked.faces == []


def test_two_faces_are_followed_side_by_side(network):
    finder = FakeFinder(box_at((150, 200)), box_at((450, 200)))
    tracker = Tracker(network, finder)
    for step in range(10):
        tracked = tracker.track(a_scene((150, 200 + 3 * step), (450, 200 - 3 * step)))
        assert [face.id for face in tracked.faces] == [1, 2]
        assert middle(tracked.faces[1]) == pytest.approx((450, 200 - 3 * step), abs=2)


def test_one_face_found_twice_is_one_track(network):
    finder = FakeFinder(box_at((200, 200)), box_at((205, 203)))
    assert [face.id for face in Tracker(network, finder).track(a_scene((200, 200))).faces] == [1]


def test_no_more_faces_are_followed_than_wanted(network):
    centers = [(100, 100), (300, 100), (500, 100), (100, 350), (300, 350)]
    finder = FakeFinder(*(box_at(center) for center in centers))
    tracked = Tracker(network, finder, TrackerSettings(max_faces=4)).track(a_scene(*centers))
    assert len(tracked.faces) == 4


def test_after_a_reset_nothing_carries_over(network):
    finder = FakeFinder(box_at((200, 200)))
    tracker = Tracker(network, finder)
    tracker.track(a_scene((200, 200)))
    tracker.reset()
    tracked = tracker.track(a_scene((200, 200)))
    assert ([face.id for face in tracked.faces], tracked.lost_ids) == ([1], [])
    assert finder.searches == 2


def test_stages_add_up_to_no_more_than_the_total(network):
    timing = Tracker(network, FakeFinder(box_at((200, 200)))).track(a_scene((200, 200))).timing_ms
    stages = [timing[name] for name in ("find", "crop", "infer", "decode")]
    assert min(stages) >= 0
    assert sum(stages) <= timing["total"]


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (480, 640, 3)])
def test_any_frame_without_a_face_leaves_it_standing(network, shape):
    image = np.zeros(shape, np.uint8)
    tracked = Tracker(network, FakeFinder(Box(0, 0, shape[1], shape[0]))).track(image)
    assert tracked.faces == []
