"""The parametric head: symmetric, turned the stated way, and open-mouthed where asked."""

import numpy as np
import pytest

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from training.data.synthetic import Expression, Head, Identity, Pose, aim_camera, turn_of
from training.data.synthetic.head.features import JAW

SIDE = 256
MIDDLE = (SIDE - 1) / 2


def landmarks_of(head: Head, pose: Pose, size_px: float = 128) -> np.ndarray:
    points = head.landmarks(turn_of(pose))
    return aim_camera(pose, points, size_px, (MIDDLE, MIDDLE)).project(points)[:, :2]


@pytest.mark.parametrize(
    ("identity", "expression"),
    [
        (Identity(), Expression()),
        (
            Identity(jaw_half_width=6.2, eye_slant=0.3, nose_tip=4.8),
            Expression(mouth_gap=2.0, smile=(0.8, 0.8), brow_raise=(0.5, 0.5), eye_closing=(0.4, 0.4)),
        ),
    ],
)
@pytest.mark.parametrize("pitch", [0.0, 0.3])
def test_a_symmetric_head_without_yaw_equals_its_mirror(identity, expression, pitch):
    landmarks = landmarks_of(Head(identity, expression), Pose(pitch=pitch))
    mirrored = (landmarks * [-1, 1] + [SIDE - 1, 0])[ibug_68.mirror_order]
    assert np.abs(mirrored - landmarks).max() < 1e-3


def test_turning_to_either_side_gives_mirrored_faces():
    to_left = landmarks_of(Head(), Pose(yaw=0.6, roll=0.2))
    to_right = landmarks_of(Head(), Pose(yaw=-0.6, roll=-0.2))
    mirrored = (to_right * [-1, 1] + [SIDE - 1, 0])[ibug_68.mirror_order]
    assert np.abs(mirrored - to_left).max() < 1e-3


def test_the_subject_s_right_lies_on_the_left_of_the_picture():
    landmarks = landmarks_of(Head(), Pose())
    for right, left in ibug_68.swap_pairs:
        assert landmarks[right, 0] < landmarks[left, 0]


def test_positive_yaw_turns_the_nose_to_the_right_of_the_picture():
    for yaw in (0.2, 0.5, 0.85):
        landmarks = landmarks_of(Head(), Pose(yaw=yaw))
        eyes = landmarks[list(ibug_68.outer_eye_corners), 0]
        assert landmarks[ibug_68.nose_tip, 0] > eyes.mean() + 20 * yaw


def test_positive_pitch_lowers_the_nose_tip_against_the_eyes():
    down, level, up = (landmarks_of(Head(), Pose(pitch=pitch)) for pitch in (0.3, 0.0, -0.3))

    def share(landmarks):
        """Eyes to nose tip over eyes to chin."""
        eyes = landmarks[36:48, 1].mean()
        return (landmarks[30, 1] - eyes) / (landmarks[8, 1] - eyes)

    assert share(down) > share(level) + 0.07
    assert share(up) < share(level) - 0.07


def test_roll_turns_all_landmarks_clockwise_about_one_point():
    roll = 0.4
    upright, rolled = (landmarks_of(Head(), Pose(0.3, 0.1, angle)) for angle in (0.0, roll))
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    across_before, across_after = upright[45] - upright[36], rolled[45] - rolled[36]
    scale = np.linalg.norm(across_after) / np.linalg.norm(across_before)
    expected = (upright - upright[30]) @ turn.T * scale
    assert np.abs(expected - (rolled - rolled[30])).max() < 1e-6


def test_the_camera_gives_the_asked_size_and_middle():
    landmarks = landmarks_of(Head(), Pose(0.5, -0.2, 0.3), size_px=100)
    box = Box.around(landmarks)
    assert box.longest_side == pytest.approx(100)
    assert box.centre_xy == pytest.approx((MIDDLE, MIDDLE))


def test_an_open_mouth_parts_the_inner_lips_by_its_gap_and_a_closed_one_does_not():
    upper, lower = [61, 62, 63], [67, 66, 65]
    closed = Head(Identity(), Expression()).landmarks(np.eye(3))
    assert np.abs(closed[upper] - closed[lower]).max() < 1e-9
    gap = 2.0
    opened = Head(Identity(), Expression(mouth_gap=gap)).landmarks(np.eye(3))
    parted = opened[lower, 1] - opened[upper, 1]
    assert parted[1] == pytest.approx(gap, abs=0.05)
    assert (parted > 0.85 * gap).all()
    # The jaw drops with the lower lip, the nose stays.
    assert opened[8, 1] > closed[8, 1] + 0.5 * gap
    assert np.abs(opened[30] - closed[30]).max() < 0.1


def test_a_smile_widens_the_mouth_and_lifts_its_corners():
    neutral, smiling = (
        Head(Identity(), Expression(smile=(smile, smile))).landmarks(np.eye(3)) for smile in (0.0, 1.0)
    )
    assert np.ptp(smiling[[48, 54], 0]) > 1.1 * np.ptp(neutral[[48, 54], 0])
    assert (smiling[[48, 54], 1] < neutral[[48, 54], 1] - 0.3).all()


def test_only_the_closing_eye_closes():
    landmarks = Head(Identity(), Expression(eye_closing=(1.0, 0.0))).landmarks(np.eye(3))
    right = landmarks[[41, 40], 1] - landmarks[[37, 38], 1]
    left = landmarks[[47, 46], 1] - landmarks[[43, 44], 1]
    assert np.abs(right).max() < 0.1
    assert left.min() > 0.8


@pytest.mark.parametrize("yaw", [0.0, 0.5, 0.85])
def test_the_far_jaw_lies_on_the_outline_and_the_near_jaw_inside_it(yaw):
    head = Head()
    rotation = turn_of(Pose(yaw=yaw))
    jaw = head.landmarks(rotation)[JAW] @ rotation.T
    theta = np.linspace(-np.pi, np.pi, 721)
    rows = np.linspace(0.0, head.chin, 400)[:, None]
    skin = head.surface(theta[None], rows) @ rotation.T
    for number in range(11, 16):  # the subject's left, turned away
        level = np.abs(skin[..., 1] - jaw[number, 1]) < 0.05
        assert jaw[number, 0] == pytest.approx(skin[level][:, 0].max(), abs=0.35)
    outermost = skin[..., 0].min()
    # The near side's ear comes into view: the jaw's end stays before it.
    assert jaw[0, 0] - outermost > 4.2 * np.sin(yaw) - 0.01


def test_every_landmark_but_the_jaw_faces_a_camera_in_front():
    head = Head()
    places = head.places()
    along = 1e-4
    here = head.surface(places[:, 0], places[:, 1])
    across = head.surface(places[:, 0] + along, places[:, 1]) - here
    down = head.surface(places[:, 0], places[:, 1] + along) - here
    facing = (across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0])[17:]
    assert (facing > 0).all()
