"""One function opens every source."""

import time
from itertools import islice

import pytest

from device.sources import demo_photo
from device.sources.camera.live import LiveSource
from device.sources.frame import Frame
from device.sources.open import open_source


@pytest.fixture(scope="module", autouse=True)
def photo() -> None:
    """Take the photograph out if the environment was not built by make."""
    demo_photo.main([])


def test_the_demo_gives_frames_of_the_size_and_rate_asked_for() -> None:
    start = time.monotonic()
    with open_source("demo:?size=320x240&fps=50&mirror=1") as source:
        frames = list(islice(source, 5))
    assert isinstance(source, LiveSource)
    assert (source.name, source.live) == ("demo", True)
    assert time.monotonic() - start >= 4 / 50
    assert all(isinstance(frame, Frame) and frame.size_wh == (320, 240) for frame in frames)


def test_the_demo_shows_a_bright_picture_first() -> None:
    with open_source("demo:") as source:
        (frame,) = islice(source, 1)
    assert isinstance(frame, Frame)
    assert frame.sequence == 0
    # The photograph's face and background, not a black frame: grey levels all over the range.
    assert frame.image.std() > 40
    assert frame.captured_ns <= time.monotonic_ns()
