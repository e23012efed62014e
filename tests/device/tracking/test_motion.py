import cmath

import numpy as np
import pytest

from device.tracking.motion import (
    HELD_MOVE,
    HELD_TURN,
    MAX_SECONDS,
    REST,
    Change,
    Shape,
    ahead,
    change_between,
    changed,
    held_inside,
    next_rate,
    steady_velocity,
)

FACE = np.random.default_rng(4).uniform((250, 150), (350, 250), (68, 2))


def turned(points, degrees, growth, move):
    """By the textbook: rotate clockwise as seen (y runs down) and scale about the mean, then move."""
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = points.mean(axis=0)
    return (points - middle) @ rotation.T * growth + middle + move


def numbers(change):
    """x and y in pixels, the logarithm of the growth, the roll in radians."""
    return [change.move.real, change.move.imag, change.turn.real, change.turn.imag]


def between(before, after):
    return numbers(change_between(Shape.of(before), Shape.of(after)))


def test_a_shape_is_the_landmarks_about_their_mean():
    shape = Shape.of(FACE)
    assert [shape.centroid.real, shape.centroid.imag] == pytest.approx(FACE.mean(axis=0))
    assert abs(shape.offsets.mean()) < 1e-9
    assert shape.landmarks == pytest.approx(FACE)


@pytest.mark.parametrize(
    ("degrees", "growth", "move"), [(0, 1, (5, -3)), (30, 1.2, (0, 0)), (-170, 0.7, (9, 9))]
)
def test_a_known_similarity_is_recovered(degrees, growth, move):
    change = between(FACE, turned(FACE, degrees, growth, np.array(move)))
    assert change == pytest.approx([*move, np.log(growth), np.radians(degrees)], abs=1e-9)


def test_a_change_carries_the_landmarks_to_where_they_were_told_to_go():
    before, after = Shape.of(FACE), turned(FACE, 25, 1.3, np.array([4, 7]))
    assert changed(before, change_between(before, Shape.of(after))).landmarks == pytest.approx(after)


def test_noise_on_the_landmarks_hardly_changes_the_similarity():
    noisy = turned(FACE, 10, 1.1, np.array([3, 0])) + np.random.default_rng(0).normal(0, 1, FACE.shape)
    change = between(FACE, noisy)
    assert change == pytest.approx([3, 0, np.log(1.1), np.radians(10)], abs=0.5)
    assert change[2:] == pytest.approx([np.log(1.1), np.radians(10)], abs=0.01)


def test_landmarks_that_collapse_to_a_point_give_finite_changes():
    point = np.full((68, 2), 7.0)
    assert np.isfinite(between(point, FACE)).all()
    assert np.isfinite(between(FACE, point)).all()


@pytest.mark.parametrize("share", [0.9, -0.9, 1.1, -1.1])
def test_a_crop_is_held_up_to_a_change_in_any_of_its_parts(share):
    size = 200.0
    parts = [
        Change(move=share * HELD_MOVE * size),
        Change(move=1j * share * HELD_MOVE * size),
        Change(turn=share * HELD_TURN),
        Change(turn=1j * share * HELD_TURN),
    ]
    assert [part.is_held(size) for part in parts] == [abs(share) < 1] * 4


def test_a_rate_leads_nowhere_over_a_time_that_cannot_be_told():
    rate = Change(10 - 20j, 3 + 4j)
    assert ahead(rate, 0.5) == Change(5 - 10j, 1.5 + 2j)
    for elapsed in (0, -1, MAX_SECONDS + 0.1):
        assert ahead(rate, elapsed) == REST


def test_the_rate_of_a_constant_motion_is_learnt_in_a_few_frames():
    true, rate = Change(600 - 60j, 0.5 + 2j), REST
    for _ in range(12):
        wrong = Change((true.move - rate.move) / 30, (true.turn - rate.turn) / 30)
        rate = next_rate(rate, wrong, 1 / 30)
    assert numbers(rate) == pytest.approx(numbers(true), rel=0.02)


def test_no_time_leaves_the_rate_and_a_long_pause_ends_it():
    rate, wrong = Change(1 + 2j, 3 + 4j), Change(1 + 1j, 1 + 1j)
    assert next_rate(rate, wrong, 0.0) == rate
    assert next_rate(rate, wrong, MAX_SECONDS + 1) == REST


def test_a_steady_velocity_is_the_slope_of_the_fitted_line():
    rng = np.random.default_rng(1)
    seconds = np.cumsum(rng.uniform(0.02, 0.06, 9))
    places = np.outer(seconds, [120, -40]) + rng.normal(0, 2, (9, 2))
    across, down = (np.polyfit(seconds, places[:, axis], 1)[0] for axis in (0, 1))
    middles = places[:, 0] + 1j * places[:, 1]
    assert cmath.isclose(steady_velocity(seconds, middles), complex(across, down), rel_tol=1e-9)
    assert steady_velocity(seconds[:1], middles[:1]) == 0


def test_a_face_predicted_outside_waits_at_the_edge():
    outside = FACE - FACE.mean(axis=0) + [-80, 700]
    inside = held_inside(Shape.of(outside), (640, 480)).landmarks
    assert inside.mean(axis=0) == pytest.approx([0, 479])
    assert np.diff(inside, axis=0) == pytest.approx(np.diff(outside, axis=0))
    assert held_inside(Shape.of(FACE), (640, 480)).landmarks == pytest.approx(FACE)
