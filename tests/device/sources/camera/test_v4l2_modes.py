"""The modes of a camera, listed by a fake driver that answers as the kernel does."""

import struct
from typing import ClassVar

import pytest

from device.contract.errors import MissingOutsideError
from device.sources.camera import v4l2
from device.sources.camera.v4l2 import V4l2Options, open_device
from device.sources.camera.v4l2_modes import Mode, list_modes, needs_compression, summary

# As strace shows them for v4l2-ctl.
VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES, VIDIOC_ENUM_FRAMEINTERVALS = 0xC0405602, 0xC02C564A, 0xC034564B

WEBCAM = {
    b"YUYV": {(640, 480): [(1, 30), (1, 15)], (1280, 720): [(1, 10)]},
    b"MJPG": {(640, 480): [(1, 30)], (1920, 1080): [(1, 30), (1001, 30000)]},
}


def driver(formats):
    """An ioctl over a table of discrete sizes and intervals (over, under) in seconds."""

    def answer(handle, request, data):
        (index,) = struct.unpack_from("=I", data)
        if request == VIDIOC_ENUM_FMT:
            assert struct.unpack_from("=I", data, 4) == (1,)  # V4L2_BUF_TYPE_VIDEO_CAPTURE
            struct.pack_into("=4s", data, 44, _at(list(formats), index))
        elif request == VIDIOC_ENUM_FRAMESIZES:
            struct.pack_into("=III", data, 8, 1, *_at(list(formats[bytes(data[4:8])]), index))
        else:
            assert request == VIDIOC_ENUM_FRAMEINTERVALS
            size = struct.unpack_from("=II", data, 8)
            struct.pack_into("=III", data, 16, 1, *_at(formats[bytes(data[4:8])][size], index))

    return answer


def _at(entries, index):
    if index >= len(entries):
        raise OSError(22, "Invalid argument")
    return entries[index]


def test_every_format_size_and_rate_is_listed() -> None:
    assert list_modes("/dev/null", driver(WEBCAM)) == [
        Mode("YUYV", (640, 480), (640, 480), 30.0),
        Mode("YUYV", (1280, 720), (1280, 720), 10.0),
        Mode("MJPG", (640, 480), (640, 480), 30.0),
        Mode("MJPG", (1920, 1080), (1920, 1080), 30.0),
    ]


def test_a_range_of_sizes_is_one_mode() -> None:
    def answer(handle, request, data):
        (index,) = struct.unpack_from("=I", data)
        if request == VIDIOC_ENUM_FRAMEINTERVALS or index:
            raise OSError(22, "Invalid argument")
        if request == VIDIOC_ENUM_FMT:
            struct.pack_into("=4s", data, 44, b"NV12")
        else:  # stepwise: min, max, step of the width, then of the height
            struct.pack_into("=7I", data, 8, 3, 32, 2592, 2, 16, 1944, 2)

    (mode,) = list_modes("/dev/null", answer)
    assert mode == Mode("NV12", (32, 16), (2592, 1944), float("inf"))
    assert mode.delivers((640, 480), 30)
    assert not mode.delivers((4000, 480), 30)


def test_a_device_that_is_no_camera_has_no_modes() -> None:
    assert list_modes("/dev/null") == []
    assert list_modes("/dev/none") == []


@pytest.mark.parametrize(
    ("size", "fps", "needed"),
    [
        (None, None, False),
        ((640, 480), 30, False),
        ((1280, 720), 10, False),
        ((1280, 720), 30, False),  # nothing has it: the driver chooses the nearest
        ((1920, 1080), None, True),
        ((1920, 1080), 30, True),
        ((1920, 1080), 60, False),
    ],
)
def test_jpeg_is_asked_for_only_where_nothing_else_has_size_and_rate(size, fps, needed) -> None:
    assert needs_compression(list_modes("/dev/null", driver(WEBCAM)), size, fps) == needed


def test_people_read_the_largest_size_of_each_format() -> None:
    modes = list_modes("/dev/null", driver(WEBCAM))
    assert summary(modes) == "YUYV up to 1280x720 at 10 fps, MJPG up to 1920x1080 at 30 fps"


class FakeCapture:
    """Records what is set, by OpenCV's numbers: 6 fourcc, 3 width, 4 height, 5 rate."""

    asked: ClassVar[list[tuple[int, float]]] = []

    def __init__(self, device, backend):
        FakeCapture.asked = []

    def isOpened(self):
        return True

    def set(self, number, value):
        FakeCapture.asked.append((number, value))


@pytest.mark.parametrize(
    ("options", "fourcc"),
    [
        (V4l2Options(size=(1920, 1080)), b"MJPG"),
        (V4l2Options(size=(640, 480), fps=30), None),
        (V4l2Options(size=(640, 480), pixel_format="mjpg"), b"MJPG"),
        (V4l2Options(pixel_format="yuyv"), b"YUYV"),
    ],
)
def test_the_pixel_format_is_asked_for_before_size_and_rate(monkeypatch, options, fourcc) -> None:
    monkeypatch.setattr("cv2.VideoCapture", FakeCapture)
    monkeypatch.setattr(v4l2, "list_modes", lambda device: list_modes(device, driver(WEBCAM)))
    open_device("/dev/null", options)
    numbers = [number for number, _ in FakeCapture.asked]
    assert (6 in numbers) == (fourcc is not None)
    if fourcc is not None:
        assert FakeCapture.asked[0] == (6, int.from_bytes(fourcc, "little"))


def test_a_pixel_format_that_the_camera_has_not_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(v4l2, "list_modes", lambda device: list_modes(device, driver(WEBCAM)))
    with pytest.raises(MissingOutsideError, match="has no pixel format nv12, it has: YUYV up to 1280x720"):
        open_device("/dev/null", V4l2Options(pixel_format="nv12"))
