import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract.shape import ShapeCorrection, correction_of

COUNT = 5
rng = np.random.default_rng(0)
MEAN = np.array([-0.5, 0, 0.5, 0, 0, 0.4, -0.3, 0.8, 0.3, 0.8])


def correction(offset=0.0, matrix=0.0) -> ShapeCorrection:
    numbers = np.zeros((10, 12))
    numbers[:, 0], numbers[:, 1], numbers[:, 2:] = MEAN, offset, matrix
    return ShapeCorrection(numbers)


def test_a_pair_of_points_worked_by_hand():
    # Mean face: (-0.5, 0) and (0.5, 0). Both points are moved down by a tenth of their distance, and the
    # second to the right by half of what its shape says of its y, which on an upright pair is 0.
    numbers = np.array(
        [
            [-0.5, 0, 0, 0, 0, 0],
            [0, 0.1, 0, 0, 0, 0],
            [0.5, 0, 0, 0, 0, 0.5],
            [0, 0.1, 0, 0, 0, 0],
        ]
    )
    moved = ShapeCorrection(numbers).correct(np.array([[10, 10], [30, 10]], np.float32))
    assert moved == pytest.approx(np.array([[10, 12], [30, 12]]), abs=1e-5)
    # The same pair a quarter turn clockwise: down has become left.
    moved = ShapeCorrection(numbers).correct(np.array([[10, 10], [10, 30]], np.float32))
    assert moved == pytest.approx(np.array([[8, 10], [8, 30]]), abs=1e-5)


@given(st.floats(0, 6.28), st.floats(2, 300), st.floats(-500, 500), st.floats(-500, 500))
def test_a_turned_scaled_moved_face_is_corrected_alike(angle, scale, x, y):
    shape = correction(rng.normal(0, 0.02, 10), rng.normal(0, 0.1, (10, 10)))
    face = (MEAN + rng.normal(0, 0.05, 10)).reshape(-1, 2)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    there = face @ turn.T + [x, y]
    wanted = shape.correct(face.astype(np.float32)) @ turn.T + [x, y]
    assert shape.correct(there.astype(np.float32)) == pytest.approx(wanted, abs=1e-3 + 1e-4 * scale)


def test_what_is_empty_corrects_nothing():
    face = rng.normal(size=(COUNT, 2)).astype(np.float32)
    assert correction().correct(face) == pytest.approx(face, abs=1e-6)
    assert correction_of("", COUNT)(face) is face


def test_points_that_have_fallen_together_stay():
    face = np.full((COUNT, 2), 7, np.float32)
    moved = correction(0.1, 0.1).correct(face)
    assert np.array_equal(moved, face)


def test_text_keeps_three_digits():
    shape = correction(rng.normal(0, 0.02, 10), rng.normal(0, 0.1, (10, 10)))
    again = ShapeCorrection.from_text(shape.to_text(), COUNT)
    assert again.numbers == pytest.approx(shape.numbers, rel=1e-3)
    face = (100 * MEAN.reshape(-1, 2) + rng.normal(0, 5, (COUNT, 2))).astype(np.float32)
    assert correction_of(shape.to_text(), COUNT)(face) == pytest.approx(shape.correct(face), abs=0.02)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("no base64!", "not base64"),
        (base64.b64encode(b"1234").decode(), "4 bytes, wanted 240"),
        (base64.b64encode(np.full(120, np.nan, "<f2").tobytes()).decode(), "finite"),
        (base64.b64encode(np.zeros(120, "<f2").tobytes()).decode(), "no extent"),
        (5, "not base64"),
    ],
)
def test_another_text_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        correction_of(text, COUNT)
