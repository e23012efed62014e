"""Which frames are handled when not all are wanted."""

import numpy as np
import pytest

from device.daemon.rate import RateLimit


def passed(captured_seconds, fps):
    limit = RateLimit()
    return [number for number, at in enumerate(captured_seconds) if limit.passes(round(at * 1e9), fps)]


@pytest.mark.parametrize(("fps", "wanted"), [(30, 300), (15, 150), (10, 100), (7, 70), (1, 10), (100, 300)])
def test_a_trembling_camera_of_30_gives_the_rate_that_is_asked_for(fps: float, wanted: int) -> None:
    trembling = np.random.default_rng(1).uniform(-0.002, 0.002, 300)
    numbers = passed(5 + np.arange(300) / 30 + trembling, fps)
    assert len(numbers) == pytest.approx(wanted, abs=max(1, 0.04 * wanted))


def test_without_a_limit_every_frame_passes() -> None:
    assert passed([0, 0.001, 0.002], None) == [0, 1, 2]


def test_after_a_long_pause_frames_are_not_let_through_in_a_burst() -> None:
    assert passed([0, 10, 10.01, 10.02, 10.6], 2) == [0, 1, 4]


def test_a_limit_that_is_lifted_is_lifted_at_once() -> None:
    limit = RateLimit()
    assert limit.passes(0, 0.1)
    assert not limit.passes(10**9, 0.1)
    assert limit.passes(2 * 10**9, 50)
    assert limit.skipped == 1
