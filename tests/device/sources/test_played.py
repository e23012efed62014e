"""Stored frames in real time."""

import pytest

from device.sources.camera import BadShot, EndOfFrames
from device.sources.frame import Frame, Pause, Unreadable
from device.sources.played import PlayedCamera
from tests.device.sources.cameras import PICTURE
from tests.fakes import FakeSource


class FakeClock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now_ns = 5_000_000_000

    def __call__(self) -> int:
        return self.now_ns

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


def stored(*numbers):
    return FakeSource([Frame(PICTURE, number, 7, f"f#{number}") for number in numbers])


def test_frames_come_when_they_are_due_and_say_when_that_was() -> None:
    clock = FakeClock()
    camera = PlayedCamera(stored(0, 1, 2, 5), 10, clock, clock.wait)
    shots = [camera.read() for _ in range(4)]
    assert [(shot.captured_ns - 5_000_000_000) / 1e9 for shot in shots] == [0.0, 0.1, 0.2, 0.5]
    assert [shot.missed for shot in shots] == [0, 0, 0, 2]
    assert shots[-1].name == "f#5"
    with pytest.raises(EndOfFrames):
        camera.read()


def test_a_source_that_keeps_time_itself_is_believed() -> None:
    assert PlayedCamera(stored(0)).read().captured_ns == 7


def test_what_cannot_be_read_is_passed_on() -> None:
    camera = PlayedCamera(FakeSource([Unreadable("f#0", "damaged", 0, 7), Pause()]))
    with pytest.raises(BadShot, match="damaged"):
        camera.read()
    with pytest.raises(BadShot, match="pauses"):
        camera.read()


def test_stopping_ends_the_wait_for_a_frame() -> None:
    camera = PlayedCamera(stored(0, 1), 0.01)
    camera.read()
    camera.stop()
    with pytest.raises(EndOfFrames):
        camera.read()
