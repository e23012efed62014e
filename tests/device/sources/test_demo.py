"""The demo camera: its pictures obey its path, and its frames keep time."""

import time
from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.sources.camera.live import LiveSource
from device.sources.camera.played import PlayedCamera
from device.sources.demo import DemoOptions, DemoSource, picture_at
from device.sources.demo_path import FACE_BOX, DemoPath
from device.sources.frame import Frame

GREY = np.full((512, 512, 3), 128, np.uint8)


def photo_with_spot(at_xy: tuple[int, int]) -> NDArray[np.uint8]:
    """A black photograph with a soft white spot."""
    photo = np.zeros((512, 512), np.float32)
    photo[at_xy[1], at_xy[0]] = 1
    photo = cv2.GaussianBlur(photo, (0, 0), 3)
    return np.dstack([(photo / photo.max() * 250).astype(np.uint8)] * 3)


def centre_of_mass(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    weights = image[..., 0].astype(np.float64)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()


@pytest.mark.parametrize("at_xy", [(200, 100), (250, 102), (225, 150)])
def test_a_point_of_the_photograph_is_seen_where_the_path_says(at_xy: tuple[int, int]) -> None:
    photo, path = photo_with_spot(at_xy), DemoPath()
    for sequence in (0, 40, 75, 110, 150, 450, 470):
        said = path.photo_to_frame(sequence).frame_to_crop(np.array([at_xy], float))[0]
        np.testing.assert_allclose(centre_of_mass(picture_at(photo, path, sequence)), said, atol=0.05)


def test_the_picture_is_dimmed_as_the_path_says() -> None:
    path = DemoPath()
    for sequence in (0, 30, 64, 100):
        picture = picture_at(GREY, path, sequence)
        assert picture.shape == (480, 640, 3)
        assert picture.dtype == np.uint8
        assert np.abs(picture - 128 * path.brightness(sequence)).max() <= 0.51


def test_a_face_that_is_away_leaves_no_second_face_by_reflection() -> None:
    spot = photo_with_spot((round(FACE_BOX.centre_xy[0]), round(FACE_BOX.centre_xy[1])))
    path = DemoPath()
    away = [n for n in range(360) if path.face_is_away(n)]
    assert len(away) >= 45
    assert max(int(picture_at(spot, path, n).max()) for n in away[::4]) == 0


class FakeClock:
    """Time that passes only when somebody waits, and a little with every look."""

    def __init__(self) -> None:
        self.now_ns = 5_000_000_000
        self.waits = 0

    def __call__(self) -> int:
        return self.now_ns

    def wait(self, seconds: float) -> None:
        assert 0 < seconds <= 0.1
        self.waits += 1
        self.now_ns += round(seconds * 1e9) + 1


def paced(clock: FakeClock, fps: float) -> DemoSource:
    return DemoSource(GREY, DemoOptions(size=(8, 8), fps=fps), clock_ns=clock, wait=clock.wait)


def test_a_fast_reader_gets_every_frame_when_it_is_due() -> None:
    clock = FakeClock()
    frames = list(islice(paced(clock, 10), 5))
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.captured_ns - 5_000_000_000 for frame in frames] == [
        0,
        10**8,
        2 * 10**8,
        3 * 10**8,
        4 * 10**8,
    ]
    # Before each frame but the first: until it is time to draw it, and until it is due.
    assert clock.waits == 2 * 4


def test_a_slow_reader_sees_gaps_in_the_sequence_and_they_are_counted() -> None:
    clock = FakeClock()
    source = paced(clock, 10)
    frames = iter(source)
    sequences = []
    for busy_ns in (0, 350_000_000, 50_000_000, 1_000_000_000, 0):
        clock.now_ns += busy_ns
        sequences.append(next(frames).sequence)
    # Frames are due at 0, 0.1, 0.2 ... s; the reader comes back at 0.35, 0.4, 1.4 s and then waits.
    assert sequences == [0, 3, 4, 14, 15]
    assert source.skipped == 15 + 1 - 5


def test_unpaced_every_frame_comes_in_turn_without_waiting() -> None:
    clock = FakeClock()
    source = DemoSource(GREY, DemoOptions(size=(8, 8)), paced=False, clock_ns=clock, wait=clock.wait)
    assert [frame.sequence for frame in islice(source, 100)] == list(range(100))
    assert clock.waits == 0


def test_size_is_that_before_rotation() -> None:
    source = DemoSource(GREY, DemoOptions(size=(64, 48), rotate=90), paced=False)
    (frame,) = islice(source, 1)
    assert frame.size_wh == (48, 64)
    assert frame.name is None


def test_behind_a_live_source_it_keeps_time_and_every_gap_is_a_counted_frame() -> None:
    source = LiveSource("demo", lambda: PlayedCamera(DemoSource(GREY, DemoOptions(size=(32, 24), fps=200.0))))
    sequences = []
    start = time.monotonic()
    with source:
        for item in islice(source, 6):
            assert isinstance(item, Frame)
            sequences.append(item.sequence)
            time.sleep(0.03)
    assert sequences == sorted(set(sequences))
    assert sequences[-1] <= (time.monotonic() - start) * 200
    # 0.03 s are six frames; one frame at a time is in hand, so the rest were skipped.
    assert sequences[-1] > 15
    assert source.skipped >= sequences[-1] + 1 - len(sequences)


def test_closing_ends_a_camera_between_two_frames_at_once() -> None:
    source = LiveSource("demo", lambda: PlayedCamera(DemoSource(GREY, DemoOptions(size=(8, 8), fps=0.01))))
    items = iter(source)
    assert next(items).sequence == 0
    start = time.monotonic()
    source.close()
    assert list(items) == []
    assert time.monotonic() - start < 0.5
