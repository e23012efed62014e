"""Live reading: the newest frame wins, nothing queues, and closing never hangs."""

import time
from collections.abc import Iterator
from itertools import islice
from threading import Event

import numpy as np
import pytest

from device.frame import Frame, FrameSource, Unreadable
from device.sources.live import LiveSource


class FakeCamera(FrameSource):
    """Gives frames when told to."""

    name = "fake"
    live = True

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.go_on = Event()
        self.gave_all = Event()
        self.closed = Event()

    def __iter__(self) -> Iterator[Frame]:
        for sequence in range(self.frames):
            yield Frame(np.zeros((1, 1, 3), np.uint8), sequence, time.monotonic_ns())
            if sequence == 0:
                self.go_on.wait()
        self.gave_all.set()

    def close(self) -> None:
        self.closed.set()


class BlockedCamera(FakeCamera):
    """Waits inside its driver, deaf to closing."""

    def __iter__(self) -> Iterator[Frame]:
        self.go_on.wait()
        yield from ()


class BrokenCamera(FakeCamera):
    """Has a fault of ours."""

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        raise ZeroDivisionError


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_are_counted_as_skipped() -> None:
    camera = FakeCamera(100)
    source = LiveSource(camera)
    items = iter(source)
    first = next(items)
    camera.go_on.set()
    assert camera.gave_all.wait(5)
    last = list(items)
    assert first.sequence == 0
    assert [item.sequence for item in last] == [99]
    # Every frame was either handed out or is counted.
    assert source.skipped == 98
    assert camera.closed.is_set()


def test_a_silent_camera_is_reported_and_a_blocked_one_does_not_hold_up_closing() -> None:
    camera = BlockedCamera(0)
    source = LiveSource(camera, patience_seconds=0.02)
    items = list(islice(source, 2))
    assert all(isinstance(item, Unreadable) and item.sequence == 0 for item in items)
    assert "fake has given no frame for 0.02 s" in items[0].reason  # type: ignore[union-attr]
    start = time.monotonic()
    source.close()
    assert time.monotonic() - start < 1
    camera.go_on.set()


def test_silence_after_a_frame_awaits_the_next_one() -> None:
    camera = FakeCamera(2)
    with LiveSource(camera, patience_seconds=0.02) as source:
        items = iter(source)
        assert next(items).sequence == 0
        silence = next(items)
        camera.go_on.set()
        assert isinstance(silence, Unreadable)
        assert silence.sequence == 1
        assert next(items).sequence == 1


def test_closing_ends_the_iteration_and_the_camera() -> None:
    camera = FakeCamera(3)
    source = LiveSource(camera)
    items = iter(source)
    next(items)
    camera.go_on.set()
    source.close()
    list(items)
    assert camera.closed.is_set()
    assert not source._thread.is_alive()


def test_a_fault_in_the_thread_reaches_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[type[BaseException]] = []
    monkeypatch.setattr("threading.excepthook", lambda fault: died.append(fault.exc_type))
    camera = BrokenCamera(1)
    camera.go_on.set()
    with pytest.raises(RuntimeError, match="capture thread of fake died"):
        list(LiveSource(camera))
    assert died == [ZeroDivisionError]


def test_a_source_that_was_never_read_can_be_closed() -> None:
    camera = FakeCamera(1)
    LiveSource(camera).close()
    assert camera.closed.is_set()
