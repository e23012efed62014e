"""Stored frames in real time."""

from device.sources.camera.played import PlayedCamera, at_rate
from device.sources.frame import Frame, Pause, Unreadable
from tests.device.sources.camera.cameras import PICTURE
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
    frames = list(PlayedCamera(stored(0, 1, 2, 5), at_rate(10), clock, clock.wait))
    assert [(frame.captured_ns - 5_000_000_000) / 1e9 for frame in frames] == [0.0, 0.1, 0.2, 0.5]
    assert [frame.sequence for frame in frames] == [0, 1, 2, 5]
    assert frames[-1].name == "f#5"


def test_a_source_that_keeps_time_itself_is_believed() -> None:
    (frame,) = PlayedCamera(stored(0))
    assert frame.captured_ns == 7


def test_what_cannot_be_read_is_passed_on_and_a_pause_is_not() -> None:
    damaged = Unreadable("f#0", "damaged", 0, 7)
    assert list(PlayedCamera(FakeSource([damaged, Pause()]))) == [damaged]


def test_stopping_ends_the_wait_for_a_frame() -> None:
    camera = PlayedCamera(stored(0, 1), at_rate(0.01))
    frames = iter(camera)
    next(frames)
    camera.stop()
    assert list(frames) == []
