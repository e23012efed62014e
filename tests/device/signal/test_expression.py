"""Expression signals: faces deformed by known lengths, turned heads, learning what rest is, drawn faces."""

from itertools import pairwise

import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from device.contract.rotation import rotation_of
from device.messages.signals import SIGNAL_NAMES
from device.signal.expression import Expression, eye_openings, within_ranges
from device.signal.mean_face import mean_landmarks
from device.signal.measures import MEASURE_NAMES, MEASURED, measure
from device.signal.pose import HeadPose, intrinsics_of
from device.signal.typical import typical
from training.data.synthetic import Head, Pose, aim_camera, turn_of
from training.data.synthetic.traits import Expression as DrawnExpression

LENS = intrinsics_of((640, 480), 62.0)
RIGHT_LIDS, LEFT_LIDS, LOWER_FACE = ([37, 38], [43, 44], [55, 56, 57, 58, 59, 65, 66, 67])


def moved(landmarks, x=0.0, y=0.0):
    """The mean face with some landmarks shifted, eye distances."""
    face = mean_landmarks().copy()
    face[landmarks, 0] += x
    face[landmarks, 1] += y
    return face


def rested(seconds=5.0):
    """An expression that has watched the mean face."""
    expression = Expression()
    for _ in range(round(seconds * 30)):
        expression.read(mean_landmarks(), 1 / 30, 0.0)
    return expression


def signals(face, expression=None):
    return within_ranges((expression or rested()).read(face, 1 / 30, 0.0))


def test_a_face_at_rest_has_open_eyes_and_no_expression():
    values = signals(mean_landmarks())
    for name, value in values.items():
        assert value == pytest.approx(1.0 if name.startswith("eye_open") else 0.0, abs=0.05), name


CASES = [
    (RIGHT_LIDS, 0, 0.06, "eye_open_right", -1),
    (LEFT_LIDS, 0, 0.06, "eye_open_left", -1),
    ([20, 21], 0, -0.08, "brow_inner_right", 1),
    ([22, 23], 0, 0.06, "brow_inner_left", -1),
    ([17, 18], 0, -0.08, "brow_outer_right", 1),
    ([25, 26], 0, 0.06, "brow_outer_left", -1),
    ([22], -0.08, 0, "brow_frown", 1),
    ([6, 7, 8, 9, 10], 0, 0.12, "jaw_open", 1),
    ([65, 66, 67], 0, 0.15, "mouth_open", 1),
    ([54], 0.15, 0, "mouth_width", 1),
    ([54], -0.1, 0, "mouth_width", -1),
    ([48], 0, -0.1, "smile_right", 1),
    ([54], 0, 0.06, "smile_left", -1),
    (list(range(48, 68)), 0.04, 0, "mouth_sideways", 1),
    ([50, 51, 52], 0, -0.08, "pucker", 1),
    ([56, 57, 58], 0, -0.08, "lip_press", 1),
    (RIGHT_LIDS, 0, -0.04, "eye_wide_right", 1),
    (LEFT_LIDS, 0, -0.04, "eye_wide_left", 1),
    ([7, 8, 9], 0.05, 0, "jaw_sideways", 1),
    ([49, 50], 0, -0.04, "upper_lip_right", 1),
    ([52, 53], 0, -0.04, "upper_lip_left", 1),
    ([58, 59], 0, 0.06, "lower_lip_right", 1),
    ([55, 56], 0, 0.06, "lower_lip_left", 1),
]


@pytest.mark.parametrize(("landmarks", "x", "y", "name", "sign"), CASES)
def test_each_deformation_moves_its_signal_the_way_that_it_is_named(landmarks, x, y, name, sign):
    values, rest = signals(moved(landmarks, x, y)), signals(mean_landmarks())
    assert sign * (values[name] - rest[name]) > 0.3


def test_every_signal_has_a_case():
    assert {name for *_, name, _ in CASES} == set(MEASURE_NAMES)


def test_a_lid_that_comes_down_halfway_halves_the_opening_of_its_eye_only():
    expression = rested()
    height = measure(mean_landmarks())[SIGNAL_NAMES.index("eye_open_right")]
    closed = typical().least[SIGNAL_NAMES.index("eye_open_right")]
    right, left = eye_openings(expression.read(moved(RIGHT_LIDS, y=(height - closed) / 2), 1 / 30, 0.0))
    assert right == pytest.approx(0.5, abs=0.03)
    assert left == pytest.approx(1.0, abs=0.03)


def test_a_mirrored_face_has_the_signals_of_the_other_side():
    face = mean_landmarks() + np.random.default_rng(0).normal(0, 0.01, (68, 3))
    mirrored = (face * [-1, 1, 1])[ibug_68.mirror_order]
    plain, other = signals(face), signals(mirrored)
    swap = {"right": "left", "left": "right"}
    for name, value in plain.items():
        twin = "_".join(swap.get(word, word) for word in name.split("_"))
        assert other[twin] == pytest.approx(-value if name.endswith("sideways") else value, abs=0.02)


def test_signals_stay_in_their_ranges_whatever_the_face():
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = signals(mean_landmarks() + rng.normal(0, 1, (68, 3)), Expression())
        for signal in MEASURED:
            assert signal.least <= values[signal.name] <= signal.most


def test_another_persons_face_becomes_its_own_rest():
    person = moved([17, 18, 19, 20, 21, 22, 23, 24, 25, 26], y=-0.08)
    expression = Expression()
    first = within_ranges(expression.read(person, 0.0, 0.0))
    for _ in range(300):
        last = within_ranges(expression.read(person, 1 / 30, 0.0))
    assert first["brow_inner_right"] > 0.4
    assert abs(last["brow_inner_right"]) < 0.1


def test_a_long_smile_stays_a_smile():
    expression, smile = rested(), moved([48, 54], y=-0.12)
    values = [within_ranges(expression.read(smile, 1 / 30, 0.0))["smile_left"] for _ in range(300)]
    assert values[-1] > 0.6 * values[0] > 0.3


def test_nothing_is_learnt_from_a_turned_head():
    expression = rested()
    for _ in range(300):
        expression.read(moved([48, 54], y=-0.05), 1 / 30, 40.0)
    assert abs(signals(mean_landmarks(), expression)["smile_left"]) < 0.03


@pytest.mark.parametrize("yaw", [-25, 0, 25])
def test_the_turn_of_the_head_is_taken_out(yaw):
    face = moved([65, 66, 67], y=0.1)
    seen = face @ rotation_of(yaw, 5, 10).T + [0.1, 0.0, 4.0]
    pixels = seen[:, :2] / seen[:, 2:] * LENS.focal_px + LENS.centre_xy
    placed = HeadPose().find(pixels, LENS)
    got = within_ranges(rested().read(placed.back_project(pixels), 1 / 30, 0.0))
    straight = signals(face)
    for name in SIGNAL_NAMES:
        assert got[name] == pytest.approx(straight[name], abs=0.15), name


def drawn(expression=None, yaw=0.0):
    """Signals-to-be of a drawn head, whose equations are another part's."""
    pose = Pose(yaw=np.radians(yaw))
    landmarks = Head(None, expression).landmarks(turn_of(pose))
    pixels = aim_camera(pose, landmarks, 220, (320, 240)).project(landmarks)[:, :2]
    return HeadPose().find(pixels, LENS).back_project(pixels)


def drawn_signals(expression, yaw=0.0):
    reader, rest = Expression(), drawn(yaw=yaw)
    for _ in range(150):
        reader.read(rest, 1 / 30, 0.0)
    return within_ranges(reader.read(drawn(expression, yaw), 1 / 30, 0.0))


@pytest.mark.parametrize("yaw", [0.0, 20.0])
def test_a_drawn_face_that_does_more_is_said_to_do_more(yaw):
    def rising(name, expressions):
        values = [drawn_signals(expression, yaw)[name] for expression in expressions]
        assert all(second > first + 0.05 for first, second in pairwise(values)), (name, values)

    rising("mouth_open", [DrawnExpression(mouth_gap=gap) for gap in (0.0, 0.6, 1.2)])
    rising("jaw_open", [DrawnExpression(mouth_gap=gap) for gap in (0.0, 1.0, 2.0)])
    rising("smile_left", [DrawnExpression(smile=(0.0, much)) for much in (-0.4, 0.0, 0.6)])
    rising("brow_inner_right", [DrawnExpression(brow_raise=(much, 0.0)) for much in (-0.4, 0.0, 0.6)])
    rising("eye_open_left", [DrawnExpression(eye_closing=(0.0, much)) for much in (1.0, 0.5, 0.0)])
