"""Head pose: the mean face turned by known angles is found again, and mirrors are mirrors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract.landmarks import ibug_68
from device.contract.rotation import angles_of, rotation_of
from device.signal.mean_face import mean_landmarks
from device.signal.pose import HeadPose, HeadPoseEstimate, intrinsics_of

LENS = intrinsics_of((640, 480), 62.0)


def seen(yaw=0.0, pitch=0.0, roll=0.0, position=(0.2, -0.1, 4.0)):
    """(68, 2) pixels: written out with a matrix of the camera, not with the code under test."""
    points = mean_landmarks() @ rotation_of(yaw, pitch, roll).T + np.array(position)
    homogeneous = points @ LENS.matrix.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def test_yaw_turns_the_nose_to_the_pictures_right_pitch_up_and_roll_clockwise():
    nose, eyes = ibug_68.nose_tip, list(ibug_68.outer_eye_corners)
    rest = seen()
    moved = seen(yaw=20)[nose] - rest[nose]
    assert moved[0] > 10
    assert abs(moved[1]) < 0.2 * moved[0]
    assert (seen(pitch=20)[nose] - rest[nose])[1] < -10
    right, left = seen(roll=20)[eyes]
    assert np.degrees(np.arctan2(*(left - right)[::-1])) == pytest.approx(20, abs=0.1)


ANGLES = st.floats(-50, 50)


@given(ANGLES, st.floats(-35, 35), st.floats(-170, 170))
def test_angles_and_rotation_are_each_others_inverse(yaw, pitch, roll):
    rotation = rotation_of(yaw, pitch, roll)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    assert angles_of(rotation) == pytest.approx((yaw, pitch, roll), abs=1e-6)


@given(ANGLES, st.floats(-35, 35), st.floats(-60, 60), st.floats(2.0, 20.0))
def test_a_projected_mean_face_is_found_where_it_was_put(yaw, pitch, roll, distance):
    placed = HeadPose().find(seen(yaw, pitch, roll, (0.3, 0.2, distance)), LENS)
    pose = placed.message
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((yaw, pitch, roll), abs=0.5)
    assert pose.position == pytest.approx((0.3, 0.2, distance), rel=0.02, abs=0.02)
    assert pose.misfit < 0.005


def test_noise_of_a_pixel_costs_a_few_degrees_at_most():
    rng, errors = np.random.default_rng(0), []
    for _ in range(50):
        yaw, pitch, roll = rng.uniform(-30, 30, 3)
        found = HeadPose().find(seen(yaw, pitch, roll) + rng.normal(0, 1, (68, 2)), LENS)
        errors.append(np.subtract(angles_of(found.rotation), (yaw, pitch, roll)))
    assert np.sqrt(np.mean(np.square(errors))) < 2.5


def test_a_mirrored_face_has_the_mirrored_pose():
    rng = np.random.default_rng(1)
    for _ in range(20):
        face = seen(*rng.uniform(-30, 30, 3)) + rng.normal(0, 2, (68, 2))
        mirrored = (np.array([639.0, 0.0]) + face * [-1, 1])[ibug_68.mirror_order]
        plain, other = (HeadPose().find(points, LENS) for points in (face, mirrored))
        yaw, pitch, roll = angles_of(plain.rotation)
        assert angles_of(other.rotation) == pytest.approx((-yaw, pitch, -roll), abs=0.3)
        assert other.position == pytest.approx(plain.position * [-1, 1, 1], abs=0.01)


def test_following_a_turn_gives_what_looking_afresh_gives():
    head = HeadPose()
    for yaw in np.linspace(-45, 45, 31):
        following, afresh = head.find(seen(yaw, 5, 3), LENS), HeadPose().find(seen(yaw, 5, 3), LENS)
        assert angles_of(following.rotation) == pytest.approx(angles_of(afresh.rotation), abs=0.2)


def test_a_face_that_jumps_to_the_opposite_turn_is_found_again():
    head = HeadPose()
    head.find(seen(-45, 0, -60), LENS)
    assert angles_of(head.find(seen(45, 0, 120), LENS).rotation) == pytest.approx((45, 0, 120), abs=0.5)


@pytest.mark.parametrize("points", [np.zeros((68, 2)), np.full((68, 2), 1e6), np.tile([[3.0, 4.0]], (68, 1))])
def test_points_that_are_no_face_give_a_finite_pose_or_none(points):
    placed = HeadPose().find(points, LENS)
    assert placed is None or np.isfinite(placed.position).all()


def test_points_are_lifted_to_where_they_lie_on_the_head():
    placed = HeadPoseEstimate(rotation_of(25, -10, 8), np.array([0.2, -0.1, 4.0]), LENS)
    np.testing.assert_allclose(placed.back_project(seen(25, -10, 8)), mean_landmarks(), atol=1e-9)


def test_the_lens_shows_its_degrees_along_the_longer_side():
    for size in ((640, 480), (480, 640)):
        lens = intrinsics_of(size, 60.0)
        assert np.degrees(2 * np.arctan(320 / lens.focal_px)) == pytest.approx(60)
        assert lens.centre_xy == ((size[0] - 1) / 2, (size[1] - 1) / 2)


def test_the_mean_face_is_symmetric_in_eye_distances_with_the_nose_in_front():
    face = mean_landmarks()
    np.testing.assert_allclose(face[ibug_68.mirror_order] * [-1, 1, 1], face, atol=2e-4)
    right, left = ibug_68.outer_eye_corners
    assert np.linalg.norm(face[left] - face[right]) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(face[right] + face[left], 0, atol=1e-3)
    assert face[:, 2].argmin() == ibug_68.nose_tip
    assert face[0, 2] > 0.3
