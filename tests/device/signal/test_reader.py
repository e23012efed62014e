"""The reader: what is said of each face, and what is kept and forgotten between frames."""

import json

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from device.contract.geometry import Box
from device.messages.arkit import ARKIT_NAMES
from device.messages.messages import SCHEMA_FILE, Blinks, FrameInfo, FrameMessage, TimingMs, encode
from device.messages.signals import SIGNAL_NAMES
from device.signal.mean_face import mean_landmarks
from device.signal.reader import Reader
from device.signal.settings import SignalSettings
from device.tracking.track import TrackedFace
from device.tracking.tracker import TrackedFrame

SIZE = 640, 480
FACE = mean_landmarks()[:, :2] * 150 + [320, 200]
OFF = SignalSettings(smoothing="off")

AS_SENT = 0.005 + 1e-9
"""Half a step of the coordinates of a message."""


def frame(*landmarks, lost=(), first_id=1):
    faces = [
        TrackedFace(0.9, points, np.full(68, 0.55, np.float32), number)
        for number, points in enumerate(landmarks, first_id)
    ]
    return TrackedFrame(faces, list(lost), {})


def noisy(seed):
    return FACE + np.random.default_rng(seed).normal(0, 0.5, FACE.shape)


def test_a_followed_face_has_everything_that_is_said_of_faces_and_obeys_the_schema():
    reader = Reader(SignalSettings(landmarks_raw=True))
    for number in range(3):
        faces = reader.read(frame(noisy(number)), SIZE, number / 30)
    message = FrameMessage("demo", 2, 1, 2, FrameInfo(*SIZE), faces, TimingMs(0, 0, 0, 0, 0), "m@00000000")
    said = json.loads(encode(message))
    Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))).validate(said)
    face = said["faces"][0]
    assert {"pose", "signals", "blinks", "occluded", "landmarks_raw"} <= set(face)
    assert list(face["signals"]) == list(SIGNAL_NAMES)
    np.testing.assert_allclose(face["landmarks_raw"], noisy(2), atol=0.006)


def test_the_landmarks_are_steadier_than_the_raw_ones_and_the_box_goes_with_them():
    reader = Reader(SignalSettings())
    read = [reader.read(frame(noisy(number)), SIZE, number / 30)[0] for number in range(60)]
    steady = np.stack([face.landmarks for face in read])[20:]
    assert steady.std(axis=0).mean() < 0.4 * 0.5
    assert read[-1].box == Box.around(read[-1].landmarks)
    assert read[-1].landmarks_raw is None


def test_without_the_filter_the_landmarks_are_those_of_the_network():
    reader = Reader(OFF)
    for number in range(3):
        (face,) = reader.read(frame(noisy(number)), SIZE, number / 30)
        np.testing.assert_allclose(face.landmarks, noisy(number), atol=AS_SENT)


def test_unrelated_pictures_are_unfiltered_and_have_a_pose_but_no_history():
    reader = Reader(SignalSettings(), follows=False)
    for number in range(3):
        (face,) = reader.read(frame(noisy(number)), SIZE, number / 30)
        np.testing.assert_allclose(face.landmarks, noisy(number), atol=AS_SENT)
        assert face.pose is not None
        assert face.signals is face.blinks is face.occluded is None


def test_raw_landmarks_can_be_asked_for_while_running():
    reader = Reader(SignalSettings())
    assert reader.read(frame(FACE), SIZE, 0.0)[0].landmarks_raw is None
    reader.sends_raw = True
    assert reader.read(frame(FACE + 1), SIZE, 1 / 30)[0].landmarks_raw is not None


@pytest.mark.parametrize("gap", ["unseen", "long", "backwards"])
def test_a_face_that_was_away_begins_where_it_comes_back(gap):
    reader = Reader(SignalSettings(smoothing="steady"))
    reader.read(frame(FACE), SIZE, 10.0)
    seconds = {"unseen": 10.1, "long": 11.0, "backwards": 9.0}[gap]
    if gap == "unseen":
        reader.read(frame(), SIZE, 10.05)
    (face,) = reader.read(frame(FACE + 3), SIZE, seconds)
    np.testing.assert_allclose(face.landmarks, FACE + 3, atol=AS_SENT)


def test_two_faces_do_not_know_of_each_other():
    reader, alone = Reader(SignalSettings()), Reader(SignalSettings())
    other = FACE * 0.5
    for number in range(5):
        both = reader.read(frame(noisy(number), other), SIZE, number / 30)
        (single,) = alone.read(frame(noisy(number)), SIZE, number / 30)
    np.testing.assert_array_equal(both[0].landmarks, single.landmarks)
    np.testing.assert_allclose(both[1].landmarks, other, atol=AS_SENT)


def test_blinks_are_counted_while_the_face_is_followed_and_forgotten_when_it_is_lost():
    reader = Reader(SignalSettings())
    closed = FACE.copy()
    closed[[37, 38], 1] += 10
    closed[[43, 44], 1] += 10
    shapes = [FACE] * 30 + [closed] * 4 + [FACE] * 10
    for number, shape in enumerate(shapes):
        (face,) = reader.read(frame(shape), SIZE, number / 30)
    assert face.blinks == Blinks(right=1, left=1)
    reader.read(frame(lost=[1]), SIZE, 2.0)
    (again,) = reader.read(frame(FACE), SIZE, 2.1)
    assert again.blinks == Blinks(right=0, left=0)


def test_a_face_with_a_number_that_is_not_finite_does_not_spoil_the_frames_after_it():
    reader = Reader(SignalSettings())
    broken = FACE.copy()
    broken[5] = np.nan
    for shape in (FACE, broken, FACE, FACE):
        (face,) = reader.read(frame(shape), SIZE, 0.0 if shape is broken else 1.0)
    assert face.finite
    assert face.pose is not None


def test_a_model_of_other_points_has_no_pose_and_no_expression():
    points = np.random.default_rng(0).uniform(100, 200, (98, 2))
    face = TrackedFace(0.9, points, np.full(98, 0.5, np.float32), 1)
    (read,) = Reader(SignalSettings(), scheme="wflw_98").read(TrackedFrame([face], [], {}), SIZE, 0.0)
    assert read.pose is read.signals is read.occluded is None


def test_expression_can_be_left_out():
    (face,) = Reader(SignalSettings(expression=False)).read(frame(FACE), SIZE, 0.0)
    assert face.pose is face.signals is face.blinks is face.occluded is None


def test_arkits_shapes_come_when_asked_for():
    (face,) = Reader(SignalSettings()).read(frame(FACE), SIZE, 0.0)
    assert face.arkit is None
    (face,) = Reader(SignalSettings(arkit=True)).read(frame(FACE), SIZE, 0.0)
    assert tuple(face.arkit) == ARKIT_NAMES
    assert tuple(face.signals) == SIGNAL_NAMES
