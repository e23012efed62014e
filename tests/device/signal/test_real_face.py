"""Pose and signals of real faces: the demo photograph and, where they are at hand, the validation faces."""

import cv2
import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from device.contract.metrics import eye_centres
from device.contract.rotation import angles_of
from device.finders.open import open_finder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.signal.pose import HeadPose, intrinsics_of
from device.sources.demo_photo import load_photo
from device.tracking.tracker import Tracker


@pytest.fixture(scope="module")
def tracker():
    return Tracker(LandmarkNetwork(find_model("small")), open_finder("trained:"))


def landmarks_of(tracker, image):
    tracker.reset()
    faces = tracker.track(image).faces
    return faces[0].landmarks_frame if faces else None


def pose_angles(landmarks, image):
    placed = HeadPose().find(landmarks, intrinsics_of((image.shape[1], image.shape[0]), 62.0))
    return np.array(angles_of(placed.rotation))


def eye_line_degrees(landmarks):
    right, left = eye_centres(landmarks, ibug_68)
    return np.degrees(np.arctan2(*(left - right)[::-1]))


def turned(image, degrees):
    """Clockwise as seen."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 3), -degrees, 1.0)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize("degrees", [-25, 0, 25])
def test_the_roll_of_a_turned_photograph_is_its_eye_lines(tracker, degrees):
    image = turned(load_photo(), degrees)
    landmarks = landmarks_of(tracker, image)
    roll = pose_angles(landmarks, image)[2]
    assert roll == pytest.approx(eye_line_degrees(landmarks), abs=4)
    assert roll - pose_angles(landmarks_of(tracker, load_photo()), load_photo())[2] == pytest.approx(
        degrees, abs=4
    )


def test_a_mirrored_photograph_has_the_mirrored_pose(tracker):
    image = load_photo()
    mirrored = np.ascontiguousarray(image[:, ::-1])
    plain = pose_angles(landmarks_of(tracker, image), image)
    other = pose_angles(landmarks_of(tracker, mirrored), mirrored)
    np.testing.assert_allclose(other, plain * [-1, 1, -1], atol=4)


@pytest.mark.data
def test_labelled_faces_have_mirror_symmetric_poses_and_rolls_along_their_eye_lines(data_root):
    from training.data.sets import read_data_folder

    lens, rolls, yaws = intrinsics_of((640, 480), 62.0), [], []
    samples = [sample for sample in read_data_folder(data_root).validation if sample.source == "300w"]
    assert len(samples) >= 100
    for sample in samples:
        size = np.ptp(sample.landmarks, axis=0).max()
        face = (sample.landmarks - sample.landmarks.mean(axis=0)) / size * 200 + lens.centre_xy
        mirrored = (2 * np.array([lens.centre_xy[0], 0]) + face * [-1, 1])[ibug_68.mirror_order]
        yaw, _, roll = angles_of(HeadPose().find(face, lens).rotation)
        yaws.append((yaw, angles_of(HeadPose().find(mirrored, lens).rotation)[0]))
        if abs(yaw) < 15:
            rolls.append(roll - eye_line_degrees(face))
    yaws = np.array(yaws)
    assert np.abs(yaws.sum(axis=1)).max() < 1.0
    assert np.ptp(yaws[:, 0]) > 40
    assert np.median(np.abs(rolls)) < 2
