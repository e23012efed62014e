"""The demo camera's path: smooth, bounded, the same every time, and sometimes without the face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.sources.demo_path import FACE_BOX, HEAD_BOX, ROUND_SECONDS, DemoPath

FRAMES = 10 * 360
"""Ten rounds at 30 frames a second."""


def rim(box: Box) -> NDArray[np.float64]:
    """(48, 2) the ellipse within a box: a face's outline."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    half = np.array([box.width / 2, box.height / 2])
    return np.asarray(box.centre_xy) + half * np.column_stack([np.cos(turn), np.sin(turn)])


def outlines(path: DemoPath, box: Box) -> NDArray[np.float64]:
    """(FRAMES, 48, 2) the outline in pixels of each frame."""
    return np.stack([path.photo_to_frame(n).frame_to_crop(rim(box)) for n in range(FRAMES)])


@pytest.mark.parametrize("size_wh", [(640, 480), (480, 640), (1280, 720), (64, 64)])
def test_every_round_starts_with_the_face_upright_in_the_middle_filling_55_percent(
    size_wh: tuple[int, int],
) -> None:
    path = DemoPath(size_wh)
    for number in range(5):
        start = path.photo_to_frame(round(number * ROUND_SECONDS * path.fps))
        corners = start.frame_to_crop(np.reshape(FACE_BOX.xyxy, (2, 2)))
        np.testing.assert_allclose(corners.mean(axis=0), (np.array(size_wh) - 1) / 2, atol=1e-6)
        assert corners[1, 1] - corners[0, 1] == pytest.approx(0.55 * min(size_wh))
        assert start.matrix[0, 1] == pytest.approx(0, abs=1e-9)
    assert path.brightness(0) == 1


def test_the_map_is_a_similarity_within_the_stated_turn_and_zoom() -> None:
    path = DemoPath()
    start = path.photo_to_frame(0).scale
    linear = np.stack([path.photo_to_frame(n).matrix[:, :2] for n in range(FRAMES)])
    gram = linear @ linear.transpose(0, 2, 1)
    zoom = np.sqrt(gram[:, 0, 0]) / start
    np.testing.assert_allclose(gram, gram[:, :1, :1] * np.eye(2), atol=1e-9)
    roll = np.degrees(np.arctan2(linear[:, 0, 1], linear[:, 0, 0]))
    assert (0.799 < zoom.min() < 0.85, 1.4 < zoom.max() < 1.501) == (True, True)
    assert (-25.01 < roll.min() < -20, 20 < roll.max() < 25.01) == (True, True)


def test_brightness_goes_down_to_half_and_up_to_one_without_jumps() -> None:
    light = np.array([DemoPath().brightness(n) for n in range(FRAMES)])
    assert light.min() == pytest.approx(0.5, abs=0.002)
    assert light.max() == 1
    assert np.abs(np.diff(light)).max() < 0.02


def test_the_face_moves_at_most_its_width_in_eight_frames_and_never_jolts() -> None:
    faces = outlines(DemoPath(), FACE_BOX)
    width = np.ptp(faces[:, :, 0], axis=1)
    step = np.diff(faces.mean(axis=1), axis=0)
    speed = np.linalg.norm(step, axis=1) / width[1:]
    assert 1 / 12 < speed.max() <= 1 / 8
    assert (np.linalg.norm(np.diff(step, axis=0), axis=1) / width[2:]).max() < 0.02


def test_the_whole_head_is_out_of_view_for_a_second_and_a_half_in_each_round() -> None:
    for size_wh in [(640, 480), (480, 640), (1280, 480)]:
        path = DemoPath(size_wh)
        away = np.array([path.face_is_away(n) for n in range(FRAMES)])
        assert 10 * 1.5 * 30 - 10 <= away.sum() <= 10 * 1.5 * 30 + 10
        heads = outlines(path, HEAD_BOX)[away]
        assert heads[:, :, 0].max() < -0.5


def test_before_it_leaves_the_face_is_wholly_in_view() -> None:
    faces = outlines(DemoPath(), FACE_BOX)
    wandering = np.arange(FRAMES) % 360 <= 6.6 * 30
    low, high = faces[wandering].min(axis=(0, 1)), faces[wandering].max(axis=(0, 1))
    assert (low > 0).all()
    assert (high < (639, 479)).all()


def test_the_path_is_told_by_number_and_rate_alone() -> None:
    slow, fast = DemoPath(fps=15), DemoPath(fps=60)
    for number in (0, 17, 100, 111):
        np.testing.assert_array_equal(
            slow.photo_to_frame(number).matrix, fast.photo_to_frame(4 * number).matrix
        )
        assert slow.brightness(number) == fast.brightness(4 * number)
