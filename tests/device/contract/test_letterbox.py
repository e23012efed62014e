import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract.letterbox import Letterbox

INPUT_WH = (192, 160)
sides = st.integers(1, 6000)


@given(sides, sides)
def test_points_come_back_and_the_frame_stays_inside(width, height):
    box = Letterbox.fit((width, height), INPUT_WH)
    assert all(1 <= shown <= most for shown, most in zip(box.shown_wh, INPUT_WH, strict=True))
    points = np.array([[0.0, 0.0], [width - 1, height - 1], [width / 3, height / 7]])
    assert box.to_frame(box.to_input(points)) == pytest.approx(points, abs=1e-9 * max(width, height))


@given(sides, sides)
def test_the_frames_outer_edges_lie_on_the_shown_parts(width, height):
    box = Letterbox.fit((width, height), INPUT_WH)
    edges = box.to_input(np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]]))
    assert edges == pytest.approx(np.array([[-0.5, -0.5], np.array(box.shown_wh) - 0.5]), abs=1e-9)


def test_frames_of_known_forms_fill_one_side():
    assert Letterbox.fit((640, 480), INPUT_WH).shown_wh == (192, 144)
    assert Letterbox.fit((1920, 1080), INPUT_WH).shown_wh == (192, 108)
    assert Letterbox.fit((480, 640), INPUT_WH).shown_wh == (120, 160)
    assert Letterbox.fit((1, 1), INPUT_WH).shown_wh == (160, 160)
    assert Letterbox.fit((1, 5000), INPUT_WH).shown_wh == (1, 160)
