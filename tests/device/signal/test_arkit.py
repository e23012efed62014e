"""ARKit's blend shapes: from the signals, and from what is measured of a face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.messages.arkit import ARKIT_NAMES, ARKIT_SHAPES
from device.messages.signals import SIGNAL_NAMES
from device.signal.arkit import arkit_shapes
from device.signal.expression import Expression, within_ranges
from device.signal.mean_face import mean_landmarks
from device.signal.measures import MEASURE_NAMES


def test_the_52_have_their_published_names_each_once():
    assert len(ARKIT_SHAPES) == len(set(ARKIT_SHAPES)) == 52
    for name in ARKIT_SHAPES:
        if name.endswith("Left") and name != "mouthLeft":
            assert name.removesuffix("Left") + "Right" in ARKIT_SHAPES
    assert set(ARKIT_NAMES) < set(ARKIT_SHAPES)
    # Gaze, cheeks, nose and tongue cannot be seen from 68 points.
    assert not any(part in name for name in ARKIT_NAMES for part in ("Look", "cheek", "nose", "tongue"))


def test_shapes_say_what_the_signals_say():
    signals = dict.fromkeys(SIGNAL_NAMES, 0.0) | {
        "eye_open_left": 0.25, "eye_open_right": 1.0, "smile_left": 0.5, "smile_right": -0.5,
        "mouth_sideways": -0.75, "brow_inner_left": 1.0, "brow_inner_right": 1.0, "jaw_open": 0.75,
        "mouth_open": 0.25, "pucker": 0.5, "mouth_width": 0.75,
    }  # fmt: skip
    shapes = arkit_shapes(signals)
    wanted = {
        "eyeBlinkLeft": 0.75, "eyeBlinkRight": 0, "mouthSmileLeft": 0.5, "mouthSmileRight": 0,
        "mouthFrownRight": 0.5, "mouthFrownLeft": 0, "mouthRight": 0.75, "mouthLeft": 0, "browInnerUp": 1,
        "jawOpen": 0.75, "mouthClose": 0.5, "mouthFunnel": 0.125, "mouthPucker": 0.375,
        "mouthStretchLeft": 0.25, "mouthStretchRight": 0.75,
    }  # fmt: skip
    assert {name: shapes[name] for name in wanted} == pytest.approx(wanted)


@given(signals=st.dictionaries(st.sampled_from(MEASURE_NAMES), st.floats(-1, 1)))
def test_shapes_stay_between_nought_and_one_and_are_always_the_same_ones(signals):
    shapes = arkit_shapes(signals)
    assert tuple(shapes) == ARKIT_NAMES
    assert all(0 <= value <= 1 for value in shapes.values())
    assert not any(arkit_shapes({}).values())


# What moves (to the subject's left, down, eye distances), and the shape that tells it.
MOVES = [
    ("eyeWideLeft", (43, 44), (0, -0.04)), ("eyeWideRight", (37, 38), (0, -0.04)),
    ("eyeBlinkLeft", (43, 44), (0, 0.04)), ("eyeBlinkRight", (37, 38), (0, 0.04)),
    ("jawLeft", range(6, 11), (0.06, 0)), ("jawRight", range(6, 11), (-0.06, 0)),
    ("mouthUpperUpLeft", (52, 53), (0, -0.04)), ("mouthUpperUpRight", (49, 50), (0, -0.04)),
    ("mouthLowerDownLeft", (55, 56), (0, 0.08)), ("mouthLowerDownRight", (58, 59), (0, 0.08)),
    ("mouthSmileLeft", (54,), (0.04, -0.08)), ("mouthSmileRight", (48,), (-0.04, -0.08)),
    ("browOuterUpLeft", (25, 26), (0, -0.08)), ("browOuterUpRight", (17, 18), (0, -0.08)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "points", "way"), MOVES)
def test_a_shape_grows_with_its_half_of_the_face_and_not_with_the_other(name, points, way):
    expression, rest = Expression(), mean_landmarks().copy()
    for _ in range(60):
        expression.read(rest, 1 / 30, 0.0)
    moved = rest.copy()
    moved[list(points), :2] += np.array(way)
    shapes = arkit_shapes(within_ranges(expression.read(moved, 1 / 30, 0.0)))
    assert shapes[name] > 0.3
    if name.endswith(("Left", "Right")):
        other = name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left")
        assert shapes[other] < 0.05
