"""The bench's figures: points with a known lag, a known jitter, and a blink that is halved."""

import numpy as np
import pytest

from device.checks.jitter.figures import (
    FPS,
    STEP,
    STILL,
    blink_kept_of,
    filtered,
    jitter_of,
    pan,
    pan_lag_of,
    step_lag_of,
)
from device.signal.mean_face import mean_landmarks
from device.signal.one_euro import OneEuroParameters
from device.signal.smoothing import Smoothing

FRONT = mean_landmarks()[:, :2]
STUCK = OneEuroParameters(1e-9, 0.0, 1.0)


def along(path):
    """A face that follows a path exactly."""
    return FRONT + np.stack([path, np.zeros_like(path)], axis=-1)[:, None]


def late(path, frames):
    return np.concatenate([np.full(frames, path[0]), path[: len(path) - frames]])


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_points_that_come_some_frames_late_lag_by_so_many_frames(frames):
    assert step_lag_of(along(late(STEP, frames))) == pytest.approx(frames, abs=1e-9)
    for speed in (0.1, 1.0):
        assert pan_lag_of(along(late(pan(speed), frames)), speed) == pytest.approx(frames, abs=1e-9)


def test_a_constant_offset_is_no_lag():
    assert step_lag_of(along(STEP) + np.array([0.3, -0.2])) == pytest.approx(0, abs=1e-9)


def test_a_low_pass_lags_on_a_step_by_its_time_constant():
    # The area between a step and a first-order answer is its time constant.
    free = OneEuroParameters(1e6, 0.0, 1.0)
    whole = OneEuroParameters(2.0, 0.0, 1.0)
    points = filtered(along(STEP), Smoothing(whole, free, free))
    assert step_lag_of(points) == pytest.approx(FPS / (2 * np.pi * 2.0), rel=0.02)


def test_jitter_of_white_noise_is_its_deviation_over_both_axes():
    noise = np.random.default_rng(0).normal(0, 0.002, (2000, 68, 2))
    assert jitter_of(FRONT + noise) == pytest.approx(0.002 * np.sqrt(2), rel=0.01)


def test_a_blink_is_kept_whole_without_a_filter_and_lost_in_one_that_is_stuck():
    still = along(STILL)
    assert blink_kept_of(still, None) == pytest.approx(1)
    assert blink_kept_of(still, Smoothing(STUCK, STUCK, STUCK)) == pytest.approx(0, abs=1e-3)
