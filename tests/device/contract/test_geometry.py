import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract.geometry import Box, CropTransform, crop_around_face, jitter_box

coordinate = st.floats(-4000, 4000)
length = st.floats(2, 3000)


@given(coordinate, coordinate, length, st.floats(-math.pi, math.pi), st.sampled_from([64, 112, 128, 192]))
def test_frame_to_crop_and_back_is_exact_to_a_thousandth_of_a_pixel(x, y, side, angle, size):
    transform = CropTransform.from_roi((x, y), side, (size, size), angle)
    points = np.array([[x, y], [x - side, y + side], [0.0, 0.0], [1920.0, 1080.0]])
    there_and_back = transform.crop_to_frame(transform.frame_to_crop(points))
    assert np.abs(there_and_back - points).max() < 1e-3


def test_a_crop_of_the_same_size_and_place_is_the_identity():
    # Pixels 10..19 of the frame have their outer edges at 9.5 and 19.5: middle 14.5, side 10.
    transform = CropTransform.from_roi((14.5, 14.5), 10, (10, 10))
    assert transform.frame_to_crop(np.array([[10.0, 10.0], [19.0, 12.0]])) == pytest.approx(
        np.array([[0.0, 0.0], [9.0, 2.0]])
    )


def test_halving_puts_a_crop_pixel_between_two_frame_pixels():
    transform = CropTransform.from_roi((1.5, 1.5), 4, (2, 2))
    assert transform.crop_to_frame(np.array([[0.0, 0.0]])) == pytest.approx(np.array([[0.5, 0.5]]))


def test_a_head_tilted_clockwise_stands_upright_in_a_crop_of_its_angle():
    tilt = math.radians(30)
    eyes = np.array([[-10.0, 0.0], [10.0, 0.0]])
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    tilted = eyes @ turn + (50, 60)
    crop = CropTransform.from_roi((50, 60), 40, (128, 128), tilt).frame_to_crop(tilted)
    assert crop[0, 1] == pytest.approx(crop[1, 1])
    assert crop[0, 0] < crop[1, 0]


@given(st.floats(-1.2, 1.2), coordinate, coordinate, st.floats(20, 900))
def test_the_crop_around_a_face_does_not_depend_on_where_the_face_is_or_how_it_is_tilted(tilt, x, y, scale):
    face = np.array([[-0.4, -0.3], [0.4, -0.3], [0.0, 0.1], [-0.2, 0.5], [0.25, 0.45]])
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    placed = (face * scale) @ turn + (x, y)
    upright = crop_around_face(face * 100, face[:2] * 100, 1.3, (128, 128)).frame_to_crop(face * 100)
    crop = crop_around_face(placed, placed[:2], 1.3, (128, 128)).frame_to_crop(placed)
    assert np.abs(crop - upright).max() < 1e-3
    # Box 0.8 by 0.8: its longest side fills 1 / 1.3 of the crop.
    assert np.ptp(crop, axis=0).max() == pytest.approx(128 / 1.3)


def test_overlap_of_boxes_by_hand():
    box = Box(0, 0, 10, 10)
    assert box.iou(Box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert box.iou(box) == 1.0
    assert box.iou(Box(20, 20, 30, 30)) == 0.0
    assert Box(1, 1, 1, 1).iou(Box(1, 1, 1, 1)) == 0.0


def test_a_shaken_box_moves_each_side_on_its_own_by_at_most_a_tenth():
    box, rng = Box(100, 200, 180, 300), np.random.default_rng(0)
    moves = []
    for _ in range(2000):
        shaken = jitter_box(box, rng)
        moves.append((np.array(shaken.xyxy) - box.xyxy) / [80, 100, 80, 100])
    moves = np.array(moves)
    assert np.abs(moves).max() <= 0.1
    assert (moves.min(axis=0) < -0.095).all()
    assert (moves.max(axis=0) > 0.095).all()
    assert np.abs(np.corrcoef(moves.T) - np.eye(4)).max() < 0.1


def test_a_box_without_extent_still_gives_a_map_that_can_be_inverted():
    transform = CropTransform.for_box(Box(5, 5, 5, 5), 1.3, (128, 128))
    assert np.isfinite(transform.crop_to_frame(np.zeros((1, 2)))).all()
