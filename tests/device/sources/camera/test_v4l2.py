"""The camera behind V4L2, with a fake in the place of OpenCV's capture."""

import time
from itertools import islice

import cv2
import numpy as np
import pytest

from device.contract.errors import MissingOutsideError, UsageError
from device.sources.camera.protocol import CameraError
from device.sources.camera.v4l2 import V4l2Camera, V4l2Options, device_of, v4l2_opener
from device.sources.frame import Frame, Unreadable
from device.sources.open import open_source


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


def camera_of(capture: FakeCapture) -> V4l2Camera:
    opened = v4l2_opener("0", V4l2Options(fps=15), lambda device, options: capture)()
    assert isinstance(opened, V4l2Camera)
    return opened


def test_it_is_opened_by_its_path_and_with_its_options_each_time() -> None:
    asked: list[tuple[str, V4l2Options]] = []

    def open_capture(device: str, options: V4l2Options) -> FakeCapture:
        asked.append((device, options))
        return FakeCapture(1)

    opener = v4l2_opener("3", V4l2Options(fps=15), open_capture)
    opener()
    opener()
    assert asked == [("/dev/video3", V4l2Options(fps=15))] * 2


def test_frames_come_until_none_does() -> None:
    capture = FakeCapture(2)
    camera = camera_of(capture)
    frames = iter(camera)
    assert [(next(frames).sequence, next(frames).sequence)] == [(0, 1)]
    with pytest.raises(CameraError, match="camera /dev/video0 gives no frame"):
        next(frames)
    camera.close()
    assert capture.released


def test_a_frame_that_does_not_decode_is_no_reason_to_open_again() -> None:
    first, second = islice(camera_of(FakeCapture(2, decodes=False)), 2)
    assert isinstance(first, Unreadable)
    assert "does not decode" in first.reason
    assert second.sequence == 1


def test_an_error_inside_opencv_is_the_cameras() -> None:
    class FaultyCapture(FakeCapture):
        def grab(self) -> bool:
            raise cv2.error("inside")

    with pytest.raises(CameraError, match="camera /dev/video0 fails"):
        next(iter(camera_of(FaultyCapture(1))))


def test_capture_time_is_the_drivers_where_it_counts_in_our_clock() -> None:
    grabbed_ns = time.monotonic_ns()
    for driver_ns, believed in [
        (grabbed_ns - 20_000_000, True),
        (grabbed_ns + 10_000_000_000, False),
        (time.time_ns(), False),
        (0, False),
    ]:
        item = next(iter(camera_of(FakeCapture(1, driver_ns / 1e6))))
        assert isinstance(item, Frame)
        if believed:
            assert abs(item.captured_ns - driver_ns) < 1000
        else:
            assert grabbed_ns <= item.captured_ns <= time.monotonic_ns()


def test_a_camera_that_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(MissingOutsideError, match=r"no camera at /dev/video63, present: .*group video"):
        open_source("v4l2:63")


def test_a_device_that_is_no_camera_is_refused() -> None:
    with pytest.raises(MissingOutsideError, match="/dev/null does not open as a camera"):
        v4l2_opener("/dev/null", V4l2Options(), lambda device, options: None)()


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


@pytest.mark.parametrize("place", ["x", "-1", "video0", "²", "9" * 400, "9" * 5000])
def test_other_places_are_refused(place: str) -> None:
    with pytest.raises(UsageError, match="wanted v4l2:N or v4l2:/dev/videoN"):
        device_of(place)
