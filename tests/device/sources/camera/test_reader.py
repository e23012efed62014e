"""A camera that fails is opened again, in one thread, without hanging on to what failed."""

from itertools import islice

import numpy as np
import pytest

from device.sources.camera.protocol import CameraError
from device.sources.camera.reader import CameraReader
from device.sources.frame import Frame, Unreadable
from device.sources.options import Orientation
from tests.device.sources.camera.cameras import PICTURE, FakeBus, FakeCamera, pictures


def reader_of(bus, waits=None, **options):
    wait = (lambda seconds: waits.append(round(seconds, 6))) if waits is not None else lambda seconds: None
    return CameraReader(bus.open, Orientation(**options), wait=wait)


def kinds(items):
    return "".join("F" if isinstance(item, Frame) else "u" for item in items)


def test_a_camera_that_fails_is_opened_again_with_growing_pauses_until_it_comes_back() -> None:
    first = FakeCamera(*pictures(2), CameraError("gone"))
    cameras = [first, *[None] * 6, FakeCamera(PICTURE, CameraError("gone")), FakeCamera(PICTURE)]
    bus, waits = FakeBus(*cameras), []
    items = list(reader_of(bus, waits))
    assert kinds(items) == "FFuuuuuuuFuF"
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 0.1]
    assert bus.opened == 9
    assert all(camera.closed.is_set() for camera in cameras if camera is not None)


def test_sequence_counts_frames_and_an_error_names_the_frame_that_is_awaited() -> None:
    bus = FakeBus(FakeCamera(*pictures(2), CameraError("gone")), None, FakeCamera(PICTURE, 3, PICTURE))
    reader = reader_of(bus)
    items = list(reader)
    assert [item.sequence for item in items] == [0, 1, 2, 2, 2, 6]
    assert [item.reason for item in items if isinstance(item, Unreadable)] == [
        "gone; opening it again in 0.1 s",
        "no camera there; opening it again in 0.2 s",
    ]
    assert reader.missed == 3


def test_a_camera_that_opens_but_never_gives_a_frame_is_not_hammered() -> None:
    bus, waits = FakeBus(*[FakeCamera(CameraError("silent")) for _ in range(6)]), []
    list(islice(reader_of(bus, waits), 6))
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0]


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (None, "NoneType"),
        (b"noise", "bytes"),
        (np.zeros((2, 4), np.uint8), "shape (2, 4)"),
        (np.zeros((2, 4, 4), np.uint8), "shape (2, 4, 4)"),
        (np.zeros((0, 4, 3), np.uint8), "shape (0, 4, 3)"),
        (np.zeros((2, 4, 3), np.float32), "float32"),
        (np.zeros((4, 2, 3), np.uint8), "a frame of 2x4, wanted 4x2 as before"),
    ],
)
def test_rubbish_is_an_error_and_the_next_good_frame_comes(image: object, says: str) -> None:
    items = list(reader_of(FakeBus(FakeCamera(PICTURE, image, PICTURE))))
    assert kinds(items) == "FuF"
    assert says in items[1].reason  # type: ignore[union-attr]
    assert [item.sequence for item in items] == [0, 1, 2]


def test_only_many_bad_frames_in_a_row_are_a_reason_to_open_again() -> None:
    spoilt = FakeCamera(*["does not decode"] * 9, PICTURE, *["does not decode"] * 10)
    bus = FakeBus(spoilt, FakeCamera(PICTURE))
    items = list(reader_of(bus))
    assert kinds(items) == "u" * 9 + "F" + "u" * 10 + "F"
    assert items[-2].reason == "does not decode, 10 times in a row; opening it again in 0.1 s"
    assert bus.opened == 2


def test_a_camera_may_have_another_size_after_it_was_opened_again() -> None:
    tall = np.zeros((4, 2, 3), np.uint8)
    bus = FakeBus(FakeCamera(PICTURE, CameraError("gone")), FakeCamera(tall))
    assert [item.size_wh for item in reader_of(bus) if isinstance(item, Frame)] == [(4, 2), (2, 4)]


def test_rotation_is_applied() -> None:
    (item,) = reader_of(FakeBus(FakeCamera(PICTURE)), rotate=90)
    assert item.size_wh == (2, 4)


def test_a_stopped_reader_ends_stops_the_camera_and_closes_it() -> None:
    camera = FakeCamera(*pictures(5))
    reader = reader_of(FakeBus(camera))
    items = iter(reader)
    next(items)
    reader.stop()
    assert list(items) == []
    assert camera.stopped.is_set()
    assert camera.closed.is_set()
