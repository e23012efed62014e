"""Steady faces: what the filter takes out, what it leaves, and whether it minds place, size and turn."""

import time

import numpy as np
import pytest

from device.signal.mean_face import mean_landmarks
from device.signal.smoothing import SMOOTHINGS, SteadyFace
from device.tracking.motion import Shape

FRONT = mean_landmarks()[:, :2]
EYES_PX = 150.0


def noisy_face(frames, seed=0, sigma=0.35):
    """A still face with white noise of sigma per cent of the eye distance on each axis."""
    noise = np.random.default_rng(seed).normal(0, sigma / 100 * EYES_PX, (frames, 68, 2))
    return FRONT * EYES_PX + [320, 240] + noise


def followed(sights, smoothing, elapsed=1 / 30):
    steady = SteadyFace(smoothing, Shape.of(sights[0]))
    return np.stack([sights[0], *(steady.follow(Shape.of(sight), elapsed) for sight in sights[1:])])


def spread(points):
    return np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=-1).mean())


@pytest.mark.parametrize(("name", "least_gain"), [("steady", 4.0), ("balanced", 2.5), ("quick", 1.8)])
def test_noise_of_a_still_face_is_taken_out(name, least_gain):
    sights = noisy_face(120)
    assert spread(followed(sights, SMOOTHINGS[name])[30:]) < spread(sights[30:]) / least_gain


def test_the_settings_are_in_the_order_of_their_names():
    sights = noisy_face(120)
    spreads = [spread(followed(sights, SMOOTHINGS[name])[30:]) for name in ("steady", "balanced", "quick")]
    assert spreads == sorted(spreads)


@pytest.mark.parametrize("name", SMOOTHINGS)
def test_a_jump_by_half_an_eye_distance_is_followed_in_less_than_a_frame_and_a_half(name):
    sights = noisy_face(60)
    sights[30:, :, 0] += 0.5 * EYES_PX
    behind = (sights - followed(sights, SMOOTHINGS[name]))[30:, :, 0].mean(axis=1)
    assert behind.sum() / (0.5 * EYES_PX) < 1.5


@pytest.mark.parametrize("name", SMOOTHINGS)
def test_a_face_turned_moved_and_scaled_is_filtered_to_the_same_turned_moved_and_scaled(name):
    sights = noisy_face(40)
    sights[20:, 48:, 1] += 12
    turn, scale, shift = np.radians(160), 0.3, np.array([-50.0, 400.0])
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    expected = followed(sights, SMOOTHINGS[name]) @ matrix.T + shift
    np.testing.assert_allclose(followed(sights @ matrix.T + shift, SMOOTHINGS[name]), expected, atol=1e-6)


def test_a_full_turn_of_the_head_passes_the_half_circle_without_a_jump():
    angles = np.linspace(0, 2 * np.pi, 121)
    sights = np.stack(
        [FRONT * EYES_PX @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) for a in angles]
    )
    off = np.linalg.norm(followed(sights, SMOOTHINGS["balanced"]) - sights, axis=-1).max()
    assert off < 0.1 * EYES_PX


def test_points_that_lie_all_in_one_place_stay_finite():
    sights = np.zeros((10, 68, 2))
    assert np.isfinite(followed(sights, SMOOTHINGS["balanced"])).all()
    mixed = np.concatenate([sights, noisy_face(5), sights])
    assert np.isfinite(followed(mixed, SMOOTHINGS["balanced"])).all()


def test_a_face_costs_microseconds():
    sights = [Shape.of(sight) for sight in noisy_face(200)]
    steady, spent = SteadyFace(SMOOTHINGS["balanced"], sights[0]), []
    for sight in sights:
        begun = time.perf_counter()
        steady.follow(sight, 1 / 30)
        spent.append(time.perf_counter() - begun)
    # The fastest of many: whatever else the machine does does not count.
    assert min(spent) < 0.05e-3 * 2
