import numpy as np
import pytest

from device.contract.geometry import Box
from device.tracking.settings import TrackerSettings
from device.tracking.track import Track
from device.tracking.tracker import Tracker
from tests.fakes import FACE_SHAPE, FakeFinder, FakeNetwork, draw_square_face


def a_scene(*centers, side=100):
    image = np.zeros((480, 640, 3), np.uint8)
    for center in centers:
        draw_square_face(image, center, side)
    return image


def box_at(center, side=100):
    return Box.centred(center, (side, side))


def middle(face):
    return np.array(face.box.centre_xy)


def ns(seconds):
    return round(seconds * 1e9)


def ids(tracked):
    return [face.id for face in tracked.faces]


@pytest.fixture
def network():
    return FakeNetwork()


def test_a_face_is_searched_once_and_then_followed(network):
    finder = FakeFinder(box_at((200, 200)))
    tracker = Tracker(network, finder)
    for step in range(30):
        center = (200 + 6 * step, 200 + 2 * step)
        tracked = tracker.track(a_scene(center), ns(step / 61))
        assert [face.id for face in tracked.faces] == [1]
        assert middle(tracked.faces[0]) == pytest.approx(center, abs=2)
    # All within the half second after which further faces are looked for.
    assert finder.searches == 1


def test_a_new_face_takes_refining_passes_and_a_followed_one_a_single_pass(network):
    tracker = Tracker(network, FakeFinder(box_at((200, 200))), TrackerSettings(refinements=2))
    tracker.track(a_scene((200, 200)), ns(0))
    assert network.passes == 3
    tracker.track(a_scene((202, 200)), ns(0.03))
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
    tracker.track(a_scene((200, 200)), ns(0))
    told = []
    for step in range(1, 60):
        gone = tracker.track(a_scene(), ns(step / 30))
        assert gone.faces == []
        told += [(number, step) for number in gone.lost_ids]
    # Once, and only when the second is over in which it may come back.
    assert told == [(1, 31)]
    back = tracker.track(a_scene((200, 200)), ns(2))
    assert ([face.id for face in back.faces], back.lost_ids) == ([2], [])


def test_ground_that_the_finder_takes_for_a_face_is_not_confirmed(network):
    tracked = Tracker(network, FakeFinder(box_at((400, 300)))).track(a_scene((100, 100)))
    assert tracked.faces == []


def test_two_faces_are_followed_side_by_side(network):
    finder = FakeFinder(box_at((150, 200)), box_at((450, 200)))
    tracker = Tracker(network, finder)
    for step in range(10):
        scene = a_scene((150, 200 + 3 * step), (450, 200 - 3 * step))
        tracked = tracker.track(scene, ns(step / 30))
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


def test_a_fast_pan_is_followed_with_frames_skipped(network):
    tracker = Tracker(network, FakeFinder(box_at((100, 200))))
    seen = [frame for frame in range(24) if frame < 4 or frame % 2 == 0]
    for frame in seen:
        center = (100 + 20 * frame, 200)
        tracked = tracker.track(a_scene(center), ns(frame / 30))
        assert ids(tracked) == [1]
        assert middle(tracked.faces[0]) == pytest.approx(center, abs=3)


def test_a_face_that_jerked_away_is_looked_at_once_more_in_the_same_frame(network):
    tracker = Tracker(network, FakeFinder(box_at((200, 200))))
    for frame in range(5):
        tracker.track(a_scene((200, 200)), ns(frame / 30))
    before = network.passes
    jerked = tracker.track(a_scene((230, 200)), ns(5 / 30))
    assert network.passes - before == 2
    assert middle(jerked.faces[0]) == pytest.approx((230, 200), abs=2)


def test_further_faces_are_searched_at_the_set_rate_beside_a_running_track(network):
    finder = FakeFinder(box_at((150, 200)))
    tracker = Tracker(network, finder, TrackerSettings(search_seconds=0.5))
    searched = []
    for frame in range(61):
        before = finder.searches
        timing = tracker.track(a_scene((150, 200)), ns(frame / 30)).timing_ms
        assert (timing["find"] > 0) == (finder.searches > before)
        searched += [frame] * (finder.searches - before)
    assert searched == [0, 15, 30, 45, 60]


def test_a_new_face_joins_within_the_search_interval_under_an_id_of_its_own(network):
    finder = FakeFinder(box_at((150, 200)), box_at((450, 200)))
    tracker = Tracker(network, finder)
    for frame in range(3):
        assert ids(tracker.track(a_scene((150, 200)), ns(frame / 30))) == [1]
    for frame in range(3, 16):
        tracked = tracker.track(a_scene((150, 200), (450, 200)), ns(frame / 30))
    assert ids(tracked) == [1, 2]


def test_nothing_is_searched_while_as_many_faces_as_wanted_are_seen(network):
    finder = FakeFinder(box_at((150, 200)), box_at((450, 200)))
    tracker = Tracker(network, finder, TrackerSettings(max_faces=2))
    for frame in range(60):
        tracked = tracker.track(a_scene((150, 200), (450, 200)), ns(frame / 30))
    assert ids(tracked) == [1, 2]
    assert finder.searches == 1


def test_each_followed_face_costs_one_pass_and_a_search_that_finds_nothing_new_none(network):
    centers = [(100, 100), (300, 100), (500, 100)]
    tracker = Tracker(network, FakeFinder(*(box_at(center) for center in centers)))
    tracker.track(a_scene(*centers), ns(0))
    before = network.passes
    for frame in range(1, 31):
        tracker.track(a_scene(*centers), ns(frame / 30))
    assert network.passes - before == 3 * 30


def test_a_face_hidden_for_half_a_second_is_taken_up_again_without_a_search(network):
    finder = FakeFinder(box_at((150, 200)), box_at((450, 400)))
    tracker = Tracker(network, finder, TrackerSettings(search_seconds=1000, recover_seconds=1000))
    for frame in range(60):
        x = 150 + 3 * frame
        hidden = 25 <= frame < 40
        scene = a_scene((450, 400)) if hidden else a_scene((x, 200), (450, 400))
        tracked = tracker.track(scene, ns(frame / 30))
        assert ids(tracked) == ([2] if hidden else [1, 2])
        assert tracked.lost_ids == []
    assert finder.searches == 1


@pytest.mark.parametrize(
    ("away", "center", "side", "number"),
    [
        (0.8, (260, 200), 100, 1),
        (0.8, (600, 420), 100, 2),
        (0.1, (380, 200), 100, 2),
        (0.1, (200, 200), 45, 2),
        (1.2, (200, 200), 100, 2),
    ],
    ids=["near", "far", "too far so soon", "of another size", "too late"],
)
def test_a_face_found_again_has_its_id_when_it_is_near_and_alike_and_soon(
    network, away, center, side, number
):
    finder = FakeFinder(box_at((200, 200)))
    tracker = Tracker(network, finder)
    for frame in range(15):
        tracker.track(a_scene((200, 200)), ns(frame / 30))
    finder.boxes = ()
    lost = tracker.track(a_scene(), ns(0.5))
    assert (lost.faces, lost.lost_ids) == ([], [])
    finder.boxes = (box_at(center, side),)
    found = tracker.track(a_scene(center, side=side), ns(14 / 30 + away))
    assert ids(found) == [number]


def test_a_face_that_left_waits_for_its_id_at_the_edge(network):
    finder = FakeFinder(box_at((300, 200)))
    tracker = Tracker(network, finder)
    seen = []
    for frame in range(50):
        gone = min(frame, 50 - frame) * 17
        finder.boxes = (box_at((300 - gone, 200)),)
        seen += [ids(tracker.track(a_scene((300 - gone, 200)), ns(frame / 30)))]
    assert seen.count([]) >= 10
    assert seen[0] == seen[-1] == [1]


def test_a_face_that_comes_in_again_at_the_edge_is_seen_there_without_a_search(network):
    finder = FakeFinder(box_at((200, 200)), box_at((500, 300)))
    tracker = Tracker(network, finder, TrackerSettings(search_seconds=1000, recover_seconds=1000))
    numbers = []
    for frame in range(50):
        x = 200 - 17 * min(frame, 50 - frame)
        tracked = tracker.track(a_scene((x, 200), (500, 300)), ns(frame / 30))
        numbers.append(ids(tracked))
    assert numbers[0] == numbers[-1] == [1, 2]
    assert numbers.count([2]) > 15
    assert finder.searches == 1


@pytest.mark.parametrize(("x", "number"), [(245, 1), (255, 2)])
def test_two_tracks_on_one_face_become_the_one_that_expected_it_there(network, x, number):
    finder = FakeFinder(box_at((200, 200), 80), box_at((300, 200), 80))
    tracker = Tracker(network, finder, TrackerSettings(search_seconds=1000, recover_seconds=1000))
    for frame in range(12):
        tracked = tracker.track(a_scene((200, 200), (300, 200), side=80), ns(frame / 30))
    assert ids(tracked) == [1, 2]
    for frame in range(12, 16):
        # One face vanishes as the other jumps to where both crops see it.
        tracked = tracker.track(a_scene((x, 200), side=80), ns(frame / 30))
        assert ids(tracked) == [number]


def test_two_faces_that_pass_each_other_unseen_keep_their_ids(network):
    finder = FakeFinder(box_at((140, 200)), box_at((500, 200)))
    tracker = Tracker(network, finder)
    for frame in range(46):
        # Each comes out just where the other was last seen, two frames later than expected.
        gone = 8 * (frame if frame < 15 else frame - 2)
        left, right = (140 + gone, 200), (500 - gone, 200)
        hidden = 15 <= frame < 33
        finder.boxes = () if hidden else (box_at(left), box_at(right))
        tracked = tracker.track(a_scene() if hidden else a_scene(left, right), ns(frame / 30))
        places = {face.id: middle(face) for face in tracked.faces}
        assert sorted(places) == ([] if hidden else [1, 2])
    assert places[1] == pytest.approx(left, abs=2)
    assert places[2] == pytest.approx(right, abs=2)


@pytest.mark.parametrize(("apart", "alone"), [(110, False), (130, True)])
def test_faces_in_a_crowd_say_nothing_of_their_motion(network, monkeypatch, apart, alone):
    told = []
    see = Track.see

    def note(track, sight, seconds, *, clearly):
        told.append(clearly)
        see(track, sight, seconds, clearly=clearly)

    monkeypatch.setattr(Track, "see", note)
    finder = FakeFinder(box_at((200, 200), 80), box_at((200 + apart, 200), 80))
    tracker = Tracker(network, finder, TrackerSettings(crowded_distance=1.5))
    for frame in range(3):
        tracker.track(a_scene((200, 200), (200 + apart, 200), side=80), ns(frame / 30))
    assert told == [alone] * 4


def test_while_one_of_two_faces_is_missing_the_search_comes_sooner(network):
    finder = FakeFinder(box_at((150, 200)), box_at((450, 400)))
    tracker = Tracker(network, finder, TrackerSettings(search_seconds=0.5, recover_seconds=0.09))
    searched = []
    for frame in range(46):
        before = finder.searches
        scene = a_scene((450, 400)) if 20 <= frame < 27 else a_scene((150, 200), (450, 400))
        tracker.track(scene, ns(frame / 30))
        searched += [frame] * (finder.searches - before)
    assert searched == [0, 15, 20, 23, 26, 41]


def test_an_unseen_face_costs_no_more_passes_than_a_seen_one(network):
    centers = [(100, 100), (300, 100), (500, 100), (300, 350)]
    finder = FakeFinder(*(box_at(center) for center in centers))
    tracker = Tracker(network, finder)
    tracker.track(a_scene(*centers), ns(0))
    finder.boxes = ()
    tracker.track(a_scene(centers[0]), ns(0.03))
    before = network.passes
    for frame in range(2, 30):
        tracker.track(a_scene(centers[0]), ns(frame / 30))
    assert network.passes - before == 4 * 28


def test_no_pass_is_spent_on_an_unseen_face_while_as_many_as_wanted_are_seen(network):
    finder = FakeFinder(box_at((100, 100)), box_at((300, 100)))
    tracker = Tracker(network, finder, TrackerSettings(max_faces=2))
    tracker.track(a_scene((100, 100), (300, 100)), ns(0))
    finder.boxes = (box_at((500, 350)),)
    for frame in range(1, 20):
        tracked = tracker.track(a_scene((300, 100), (500, 350)), ns(frame / 30))
    assert ids(tracked) == [2, 3]
    before = network.passes
    tracker.track(a_scene((300, 100), (500, 350)), ns(20 / 30))
    assert network.passes - before == 2


def test_what_flickers_all_over_the_picture_does_not_pile_up(network):
    finder = FakeFinder()
    tracker = Tracker(network, finder, TrackerSettings(max_faces=2, keep_seconds=1000))
    told = []
    for frame in range(20):
        center = (60 + 140 * (frame % 4), 80 + 150 * (frame % 3))
        finder.boxes = (box_at(center, 60),)
        told += tracker.track(a_scene(center, side=60), ns(frame / 1000)).lost_ids
    assert len(told) > 5
    assert len(set(told)) == len(told)


def test_a_clock_that_stands_still_or_goes_back_does_no_harm(network):
    finder = FakeFinder(box_at((200, 200)))
    tracker = Tracker(network, finder)
    for seconds in (5, 5, 4, 4, 9, 0):
        assert ids(tracker.track(a_scene((200, 200)), ns(seconds))) == [1]
