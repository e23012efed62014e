import numpy as np
import pytest

from device.motion import (
    FARTHEST_SECONDS,
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


@pytest.mark.parametrize(
    ("degrees", "growth", "move"), [(0, 1, (5, -3)), (30, 1.2, (0, 0)), (-170, 0.7, (9, 9))]
)
def test_a_known_similarity_is_recovered(degrees, growth, move):
    change = change_between(FACE, turned(FACE, degrees, growth, np.array(move)))
    assert change == pytest.approx([*move, np.log(growth), np.radians(degrees)], abs=1e-9)


def test_a_change_carries_the_landmarks_to_where_they_were_told_to_go():
    after = turned(FACE, 25, 1.3, np.array([4, 7]))
    assert changed(FACE, change_between(FACE, after)) == pytest.approx(after)


def test_noise_on_the_landmarks_hardly_changes_the_similarity():
    noisy = turned(FACE, 10, 1.1, np.array([3, 0])) + np.random.default_rng(0).normal(0, 1, FACE.shape)
    change = change_between(FACE, noisy)
    assert change == pytest.approx([3, 0, np.log(1.1), np.radians(10)], abs=0.5)
    assert change[2:] == pytest.approx([np.log(1.1), np.radians(10)], abs=0.01)


def test_landmarks_that_collapse_to_a_point_give_finite_changes():
    point = np.full((68, 2), 7.0)
    assert np.isfinite(change_between(point, FACE)).all()
    assert np.isfinite(change_between(FACE, point)).all()


def test_a_rate_leads_nowhere_over_a_time_that_cannot_be_told():
    rate = np.array([10.0, -20.0])
    assert ahead(rate, 0.1).tolist() == [1, -2]
    for elapsed in (0, -1, FARTHEST_SECONDS + 0.1):
        assert ahead(rate, elapsed).tolist() == [0, 0]


def test_the_rate_of_a_constant_motion_is_learnt_in_a_few_frames():
    true, rate = np.array([600.0, -60, 0.5, 2]), np.zeros(4)
    for _ in range(12):
        wrong = (true - rate) / 30
        rate = next_rate(rate, wrong, 1 / 30)
    assert rate == pytest.approx(true, rel=0.02)


def test_no_time_leaves_the_rate_and_a_long_pause_ends_it():
    rate = np.array([1.0, 2, 3, 4])
    assert next_rate(rate, np.ones(4), 0.0).tolist() == [1, 2, 3, 4]
    assert next_rate(rate, np.ones(4), FARTHEST_SECONDS + 1).tolist() == [0, 0, 0, 0]


def test_a_steady_velocity_is_the_slope_of_the_fitted_line():
    rng = np.random.default_rng(1)
    seconds = np.cumsum(rng.uniform(0.02, 0.06, 9))
    places = np.outer(seconds, [120, -40]) + rng.normal(0, 2, (9, 2))
    fitted = [np.polyfit(seconds, places[:, axis], 1)[0] for axis in (0, 1)]
    assert steady_velocity(seconds, places) == pytest.approx(fitted)
    assert steady_velocity(seconds[:1], places[:1]).tolist() == [0, 0]


def test_a_face_predicted_outside_waits_at_the_edge():
    outside = FACE - FACE.mean(axis=0) + [-80, 700]
    inside = held_inside(outside, (640, 480))
    assert inside.mean(axis=0) == pytest.approx([0, 479])
    assert np.diff(inside, axis=0) == pytest.approx(np.diff(outside, axis=0))
    assert held_inside(FACE, (640, 480)) == pytest.approx(FACE)
