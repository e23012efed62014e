"""Faces of every roll are followed, and none is reported upside down."""

import math

import cv2
import numpy as np
import pytest

from device.contract.geometry import Box, CropTransform
from device.contract.landmarks import ibug_68
from device.contract.metrics import eye_centres, nme
from device.finders.finder import FoundFace
from device.finders.open import open_finder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.sources.demo_path import FACE_BOX
from device.sources.demo_photo import load_photo
from device.tracking.crop import crop_image
from device.tracking.observation import Observation
from device.tracking.orientation import (
    SearchTurns,
    best_turn,
    face_in_frame,
    turned_image,
    without_contradictions,
)
from device.tracking.tracker import Tracker

ROLLS = range(0, 360, 30)
SIDE = 480


@pytest.fixture(scope="module")
def tracker():
    return Tracker(LandmarkNetwork(find_model("small")), open_finder("trained:"))


def turned_view(image, box, degrees):
    """A square view of a face that is rolled clockwise, and the map from the picture to it."""
    side = 3.2 * box.longest_side
    view = CropTransform.from_roi(box.centre_xy, side, (SIDE, SIDE), -math.radians(degrees))
    return crop_image(image, view), view


def roll_of(landmarks):
    right, left = eye_centres(landmarks, ibug_68)
    return math.degrees(math.atan2(*(left - right)[::-1]))


def difference(first, second):
    return abs((first - second + 180) % 360 - 180)


@pytest.mark.parametrize("degrees", ROLLS)
def test_the_demo_face_is_followed_at_every_roll(tracker, degrees):
    tracker.reset()
    upright = tracker.track(turned_view(load_photo(), FACE_BOX, 0)[0]).faces[0].landmarks_frame
    tracker.reset()
    faces = tracker.track(turned_view(load_photo(), FACE_BOX, degrees)[0]).faces
    assert [difference(roll_of(face.landmarks_frame), roll_of(upright) + degrees) < 6 for face in faces] == [
        True
    ]


def test_a_head_that_turns_a_whole_round_keeps_its_id_and_its_roll(tracker):
    tracker.reset()
    first = None
    for step in range(0, 361, 6):
        tracked = tracker.track(turned_view(load_photo(), FACE_BOX, step)[0], round(step / 6 * 1e9 / 30))
        assert [face.id for face in tracked.faces] == [1]
        roll = roll_of(tracked.faces[0].landmarks_frame)
        first = roll if first is None else first
        assert difference(roll, first + step) < 8


@pytest.mark.data
def test_real_faces_are_right_at_every_roll_or_not_reported(tracker, data_root):
    from training.data.sets import read_validation

    right = wrong = 0
    for sample in read_validation(data_root)[::20]:
        image = cv2.imread(str(sample.path))
        for degrees in ROLLS:
            view, to_view = turned_view(image, sample.box, degrees)
            true = to_view.frame_to_crop(sample.landmarks)
            tracker.reset()
            near = [
                face
                for face in tracker.track(view).faces
                if face.box.iou(Box.around(true)) > 0.1 and face.score >= 0.5
            ]
            fits = [nme(face.landmarks_frame, true, ibug_68) < 0.1 for face in near]
            right, wrong = right + fits.count(True), wrong + fits.count(False)
    assert wrong == 0
    assert right >= 0.95 * 10 * len(ROLLS)


@pytest.mark.parametrize("turns", range(4))
def test_a_face_found_in_a_turned_frame_lies_where_its_pixels_are(turns):
    image = np.zeros((60, 100, 3), np.uint8)
    image[10:21, 30:71] = 255
    rows, columns = np.nonzero(turned_image(image, turns)[:, :, 0])
    found = FoundFace(Box(columns.min(), rows.min(), columns.max(), rows.max()), 0.9, 0.25)
    face = face_in_frame(found, turns, (100, 60))
    assert face.box.xyxy == (30, 10, 70, 20)
    assert face.angle_radians == pytest.approx(0.25 - turns * math.pi / 2)


def observed(score, landmark_score, at=0.0):
    landmarks = np.array([[at, 0.0], [at + 10.0, 10.0]])
    return Observation(score, landmarks, np.full(2, landmark_score, np.float32))


def test_only_a_face_in_doubt_is_tried_at_other_rolls():
    asked = []

    def run_turned(turn):
        asked.append(turn)
        return observed(0.8, 0.7 if len(asked) == 2 else 0.1)

    sure = observed(0.9, 0.65)
    assert best_turn(sure, run_turned) is sure
    assert asked == []
    assert best_turn(observed(1.0, 0.5), run_turned).landmark_scores[0] == pytest.approx(0.7)
    assert asked == pytest.approx([math.pi / 2, math.pi, 3 * math.pi / 2])


def test_of_overlapping_faces_of_two_turns_the_better_one_stays():
    upright, turned, apart = observed(1.0, 0.5), observed(1.0, 0.7, at=5), observed(1.0, 0.4, at=30)
    kept = without_contradictions([(upright, 0), (turned, 2), (apart, 0)])
    assert [turns for _, turns in kept] == [2, 0]
    assert kept[1][0] is apart
    assert len(without_contradictions([(upright, 0), (turned, 0)])) == 2


def test_an_empty_scene_is_searched_in_all_turns_first_and_then_in_two_a_frame():
    turns = SearchTurns()
    assert sorted(turns.next()) == [0, 1, 2, 3]
    later = [list(turns.next()) for _ in range(3)]
    assert [pair[0] for pair in later] == [0, 0, 0]
    assert sorted(pair[1] for pair in later) == [1, 2, 3]
    turns.found_at(2)
    assert next(turns.next()) == 2
