"""The camera behind V4L2, with a fake in the place of OpenCV's capture."""

import time
from itertools import islice

import cv2
import numpy as np
import pytest

from device.contract.errors import MissingOutsideError, UsageError
from device.frame import Frame, Unreadable
from device.sources import open_source
from device.sources.live import LiveSource
from device.sources.uri import SourceOptions
from device.sources.v4l2 import V4l2Source, device_of


class FakeCapture:
    """Gives so many frames, one each `period_seconds`, then none."""

    def __init__(
        self, frames: int, driver_ms: float = 0.0, decodes: bool = True, period_seconds: float = 0.0
    ) -> None:
        self.left = frames
        self.driver_ms = driver_ms
        self.decodes = decodes
        self.period_seconds = period_seconds
        self.released = False

    def grab(self) -> bool:
        assert not self.released
        time.sleep(self.period_seconds)
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        return self.decodes, np.zeros((2, 4, 3), np.uint8) if self.decodes else None

    def get(self, number: int, /) -> float:
        assert number == cv2.CAP_PROP_POS_MSEC
        return self.driver_ms

    def release(self) -> None:
        self.released = True


class FakeBus:
    """Hands out one capture after the other; None stands for a camera that is unplugged."""

    def __init__(self, *captures: FakeCapture | None) -> None:
        self.captures = list(captures)
        self.opened: list[tuple[str, SourceOptions]] = []
        self.waits: list[float] = []

    def open(self, device: str, options: SourceOptions) -> FakeCapture | None:
        self.opened.append((device, options))
        return self.captures.pop(0)

    def wait(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))

    def source(self, options: SourceOptions | None = None) -> V4l2Source:
        return V4l2Source("0", options or SourceOptions(), self.open, self.wait)


def test_a_camera_that_fails_is_opened_again_with_growing_pauses_until_it_comes_back() -> None:
    first = FakeCapture(2)
    bus = FakeBus(first, *[None] * 6, FakeCapture(1), FakeCapture(1))
    items = list(islice(bus.source(SourceOptions(fps=15)), 12))
    kinds = "".join("F" if isinstance(item, Frame) else "u" for item in items)
    assert kinds == "FFuuuuuuuFuF"
    # The pause after the twelfth item has not begun.
    assert bus.waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 0.1]
    assert bus.opened == [("/dev/video0", SourceOptions(fps=15))] * 9
    assert first.released


def test_sequence_counts_frames_and_an_error_names_the_frame_that_is_awaited() -> None:
    items = list(islice(FakeBus(FakeCapture(2), None, FakeCapture(2)).source(), 6))
    assert [item.sequence for item in items] == [0, 1, 2, 2, 2, 3]
    assert isinstance(items[2], Unreadable)
    assert items[2].reason == "camera /dev/video0 gives no frame; opening it again in 0.1 s"
    assert isinstance(items[3], Unreadable)
    assert items[3].reason == "camera /dev/video0 cannot be opened; opening it again in 0.2 s"


def test_a_frame_that_does_not_decode_is_an_error_but_no_reason_to_open_again() -> None:
    bus = FakeBus(FakeCapture(2, decodes=False))
    items = list(islice(bus.source(), 2))
    assert all(isinstance(item, Unreadable) and "does not decode" in item.reason for item in items)
    assert [item.sequence for item in items] == [0, 1]
    assert not bus.waits


def test_capture_time_is_the_drivers_where_it_counts_in_our_clock() -> None:
    grabbed_ns = time.monotonic_ns()
    for driver_ns, believed in [
        (grabbed_ns - 20_000_000, True),
        (grabbed_ns + 10_000_000_000, False),
        (time.time_ns(), False),
        (0, False),
    ]:
        (item,) = islice(FakeBus(FakeCapture(1, driver_ns / 1e6)).source(), 1)
        if believed:
            assert abs(item.captured_ns - driver_ns) < 1000
        else:
            assert grabbed_ns <= item.captured_ns <= time.monotonic_ns()


def test_rotation_and_mirror_are_applied() -> None:
    (item,) = islice(FakeBus(FakeCapture(1)).source(SourceOptions(rotate=90)), 1)
    assert isinstance(item, Frame)
    assert item.size_wh == (2, 4)
    assert item.name is None


def test_closing_releases_a_camera_that_nobody_reads() -> None:
    capture = FakeCapture(1)
    source = FakeBus(capture).source()
    source.close()
    source.close()
    assert capture.released


def test_behind_a_live_source_it_comes_back_too_and_is_released_at_the_end() -> None:
    last = FakeCapture(1000, period_seconds=0.05)
    bus = FakeBus(FakeCapture(1, period_seconds=0.05), None, last)
    camera = V4l2Source("0", SourceOptions(), bus.open)  # with its real pauses: 0.1 s and 0.2 s
    items = []
    with LiveSource(camera) as source:
        for item in source:
            items.append(item)
            if isinstance(item, Frame) and item.sequence > 0:
                break
    assert any(isinstance(item, Unreadable) for item in items)
    assert source.name == "cam0"
    assert last.released


def test_a_camera_that_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(MissingOutsideError, match=r"no camera at /dev/video63, present: .*group video"):
        open_source("v4l2:63")


def test_a_device_that_is_no_camera_is_refused() -> None:
    with pytest.raises(MissingOutsideError, match="/dev/null does not open as a camera"):
        V4l2Source("/dev/null", SourceOptions(), lambda device, options: None)


@pytest.mark.parametrize(
    ("place", "device", "name"),
    [
        ("0", "/dev/video0", "cam0"),
        ("/dev/video12", "/dev/video12", "cam12"),
        ("/dev/v4l/by-id/usb-cam-index0", "/dev/v4l/by-id/usb-cam-index0", "usb-cam-index0"),
    ],
)
def test_places_name_a_device_and_a_stream(place: str, device: str, name: str) -> None:
    assert device_of(place) == (device, name)


@pytest.mark.parametrize("place", ["x", "-1", "video0", "²"])
def test_other_places_are_refused(place: str) -> None:
    with pytest.raises(UsageError, match="wanted v4l2:N or v4l2:/dev/videoN"):
        device_of(place)
