"""The Pi's camera in its own process, with a fake in the place of the module picamera2."""

import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from device.contract.errors import MissingOutsideError, UsageError
from device.sources.camera import picamera2
from device.sources.camera.picamera2 import Picamera2Camera, Picamera2Options
from device.sources.camera.picamera2_child import choose_mode
from device.sources.camera.protocol import CameraError
from device.sources.frame import Frame, Pause, Unreadable
from device.sources.open import open_source

SMALL = Picamera2Options(size=(64, 48))

FAKE = Path(__file__).parent / "fake_picamera2"


@pytest.fixture
def fake(monkeypatch):
    """Choose what the fake does wrong."""
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    monkeypatch.setattr(picamera2, "SHOT_SECONDS", 0.5)
    return lambda mode: monkeypatch.setenv("FAKE_PICAMERA2", mode)


def test_frames_have_colour_size_and_the_sensors_time(fake) -> None:
    fake("ok")
    with open_source("picamera2:?size=100x48") as source:
        frames = [item for item in islice(source, 3) if isinstance(item, Frame)]
    assert (source.name, source.live) == ("cam0", True)
    # Rows of 100 pixels are stored as 128; grey 40 of BT.601's luma, whose black is 16, shows as 28.
    assert {frame.image.shape for frame in frames} == {(48, 100, 3)}
    first = frames[0].image
    assert first.min() == first.max() == round((40 - 16) * 255 / 219)
    ages = [time.monotonic_ns() - frame.captured_ns for frame in frames]
    assert all(5e6 <= age < 1e9 for age in ages)


def test_a_frame_is_not_overwritten_by_the_next(fake) -> None:
    fake("ok")
    camera = Picamera2Camera(0, SMALL)
    first, second = islice(camera, 2)
    camera.close()
    assert first.image.max() < second.image.max()


def test_a_stamp_of_another_clock_is_not_believed(fake) -> None:
    fake("asleep")
    camera = Picamera2Camera(0, SMALL)
    begun_ns = time.monotonic_ns()
    assert next(iter(camera)).captured_ns >= begun_ns
    camera.close()


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("missing", "no picamera2 .*apt install python3-picamera2"),
        ("numpy", "picamera2 does not load .*a numpy from pip hides apt's"),
        ("none", "camera 0 does not open .*rpicam-hello"),
    ],
)
def test_a_camera_that_does_not_open_is_said_with_its_remedy(fake, mode: str, says: str) -> None:
    fake(mode)
    with pytest.raises(MissingOutsideError, match=says):
        open_source("picamera2:")


def test_a_picture_of_another_size_is_unreadable(fake) -> None:
    fake("sizes")
    camera = Picamera2Camera(0, SMALL)
    first, bad, last = islice(camera, 3)
    assert isinstance(bad, Unreadable)
    assert "gave an array of shape (24, 64), wanted YUV420 of 64x48" in bad.reason
    assert isinstance(first, Frame)
    assert isinstance(last, Frame)
    camera.close()


@pytest.mark.parametrize(
    ("mode", "says"),
    [("hang", "does not answer for 0.5 s"), ("crash", "died of SIGSEGV")],
)
def test_a_camera_that_hangs_or_crashes_ends_with_its_process(fake, mode: str, says: str) -> None:
    fake(mode)
    camera = Picamera2Camera(0, SMALL)
    frames = iter(camera)
    for _ in range(3):
        next(frames)
    with pytest.raises(CameraError, match=says):
        next(frames)
    assert not Path(f"/proc/{camera._child.process_id}").exists()


def test_a_hung_camera_is_opened_again_and_the_daemon_goes_on(fake) -> None:
    fake("hang")
    items, frames = [], 0
    begun = time.monotonic()
    with open_source("picamera2:1?size=64x48") as source:
        for item in source:
            if not isinstance(item, Pause):
                items.append(item)
            frames += isinstance(item, Frame)
            if frames == 5:
                break
    assert time.monotonic() - begun < 10
    (error,) = [item for item in items if isinstance(item, Unreadable)]
    assert error.reason == (
        "picamera2:1: the camera's process does not answer for 0.5 s; opening it again in 0.1 s"
    )
    assert items[-1].sequence == 4


def test_closing_kills_a_camera_that_hangs(fake) -> None:
    fake("hang")
    source = open_source("picamera2:?size=64x48")
    list(islice(source, 3))
    child = source._capture.reader._camera._child  # type: ignore[attr-defined]
    begun = time.monotonic()
    source.close()
    assert time.monotonic() - begun < 0.6
    assert not Path(f"/proc/{child.process_id}").exists()


def test_the_module_is_loaded_by_nobody_else(root) -> None:
    program = "import device.sources, sys; print('picamera2' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("place", ["front", "9" * 400, "9" * 5000])
def test_a_place_that_is_no_number_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="wanted picamera2: or picamera2:N"):
        open_source(f"picamera2:{place}")


MODES = (  # of a camera module 3: size, rate, part of the sensor
    {"size": (1536, 864), "fps": 120.13, "crop_limits": (768, 432, 3072, 1728)},
    {"size": (2304, 1296), "fps": 56.03, "crop_limits": (0, 0, 4608, 2592)},
    {"size": (4608, 2592), "fps": 14.35, "crop_limits": (0, 0, 4608, 2592)},
)


@pytest.mark.parametrize(
    ("size", "fps", "wanted", "chosen"),
    [
        ((640, 480), 0, (0, 0), (2304, 1296)),
        ((640, 480), 30, (0, 0), (2304, 1296)),
        ((640, 480), 100, (0, 0), (2304, 1296)),  # the whole view comes before the rate
        ((4000, 2000), 10, (0, 0), (4608, 2592)),
        ((640, 480), 100, (1536, 864), (1536, 864)),
    ],
)
def test_the_sensor_sees_the_whole_field_of_view_unless_told_otherwise(size, fps, wanted, chosen) -> None:
    assert choose_mode(MODES, size, fps, wanted)["size"] == chosen


def test_a_camera_without_modes_is_left_alone_and_an_unknown_mode_refused() -> None:
    assert choose_mode([], (640, 480), 30, (0, 0)) is None
    with pytest.raises(LookupError, match="no sensor mode 9x9, it has: 1536x864, 2304x1296, 4608x2592"):
        choose_mode(MODES, (640, 480), 30, (9, 9))


@pytest.mark.parametrize(("query", "size"), [("", "(2304, 1296)"), ("&sensor_mode=1536x864", "(1536, 864)")])
def test_the_mode_is_asked_of_picamera2(fake, capfd, query: str, size: str) -> None:
    fake("ok")
    with open_source(f"picamera2:?size=64x48{query}"):
        pass
    assert f"sensor {{'output_size': {size}, 'bit_depth': 10}}" in capfd.readouterr().err


def test_a_mode_that_the_sensor_has_not_is_refused(fake) -> None:
    fake("ok")
    with pytest.raises(MissingOutsideError, match="no sensor mode 64x48, it has: 1536x864"):
        open_source("picamera2:?sensor_mode=64x48")
