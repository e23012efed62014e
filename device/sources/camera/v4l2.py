"""A camera behind Video4Linux: USB cameras and whatever else shows as /dev/videoN."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol

from device.config.address import Address, Scheme
from device.config.values import shown
from device.contract.errors import UsageError
from device.sources.camera.live import LiveSource, Patience
from device.sources.camera.protocol import CameraError, OpenCamera
from device.sources.camera.v4l2_modes import list_modes, needs_compression, summary
from device.sources.frame import Frame, FrameSource, Unreadable
from device.sources.options import Fps, Orientation, Size
from device.sources.settings import CameraSettings
from device.support.paths import is_anything

FORM = "v4l2:N or v4l2:/dev/videoN"

MAX_DIGITS = 6
"""Of a camera's number."""

SELECT_SECONDS = "1"
"""How long OpenCV waits for a frame; by itself it would be ten seconds."""

PLAUSIBLE_AGE_NS = 1_000_000_000
"""A driver's time stamp older than this is of another clock."""


PixelFormat = Literal["mjpg", "yuyv", "uyvy", "nv12", "nv21", "yu12", "yv12", "rgb3", "bgr3", "grey"]
"""Those that OpenCV converts."""


@dataclass(frozen=True)
class V4l2Options(Orientation):
    """Options of `v4l2:`; the camera gives the nearest that it has."""

    size: Size | None = None
    """Wanted of the camera; by default its own choice."""
    fps: Fps | None = None
    """Frames a second wanted of the camera; by default its own choice."""
    pixel_format: PixelFormat | None = None
    """How the camera sends its pixels, as `v4l2-ctl --list-formats-ext` names them; by default mjpg where
    only that comes at the wanted size and rate, otherwise the driver's choice."""


class Capture(Protocol):
    """The part of `cv2.VideoCapture` in use."""

    def grab(self) -> bool:
        """Wait for the next frame; False when none comes."""
        ...

    def retrieve(self) -> tuple[bool, Any]:
        """Decode the grabbed frame: success, (H, W, 3) uint8."""
        ...

    def get(self, number: int, /) -> float:
        """A property by OpenCV's number."""
        ...

    def release(self) -> None:
        """Close the device."""
        ...


OpenCapture = Callable[[str, V4l2Options], Capture | None]
"""Opens a device path; None when it cannot be opened."""


def open_device(device: str, options: V4l2Options) -> Capture | None:
    """Open a camera and ask it for pixel format, size and rate; it sets the nearest that it has."""
    import cv2

    if not is_anything(device):
        return None
    pixel_format = _pixel_format(device, options)
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", SELECT_SECONDS)
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        return None
    # First: the driver offers sizes and rates by pixel format.
    if pixel_format is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*pixel_format))
    if options.size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.size[1])
    if options.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, options.fps)
    return capture


def _pixel_format(device: str, options: V4l2Options) -> str | None:
    """Four letters of the pixel format to ask for; None leaves it to the driver.

    Raises:
        CameraError: the camera has not the one that is wanted.
    """
    modes = list_modes(device)
    if options.pixel_format is None:
        return "MJPG" if needs_compression(modes, options.size, options.fps) else None
    wanted = options.pixel_format.upper()
    if modes and wanted not in {mode.pixel_format for mode in modes}:
        raise CameraError(f"{device} has no pixel format {options.pixel_format}, it has: {summary(modes)}")
    return wanted


def device_of(place: str) -> tuple[str, str]:
    """The device path and the stream's name of `N` or `/dev/...`.

    Raises:
        UsageError: neither of the two.
    """
    if place.isascii() and place.isdigit() and len(place) <= MAX_DIGITS:
        place = f"/dev/video{int(place)}"
    if not place.startswith("/dev/"):
        raise UsageError(f"source v4l2: got {shown(place)}, wanted {FORM}")
    base = Path(place).name
    number = base.removeprefix("video")
    return place, f"cam{number}" if base.startswith("video") and number.isdigit() else base


def _missing(device: str) -> CameraError:
    """The error that says why the device does not open, as far as can be seen from outside."""
    if not is_anything(device):
        present = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "none"
        return CameraError(
            f"no camera at {device}, present: {present}; plug it in, name another with v4l2:N, "
            "and see that your user is in group video"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        return CameraError(
            f"no permission for {device}, wanted to read and write it; "
            "join group video (sudo usermod -aG video $USER) and log in again"
        )
    return CameraError(
        f"{device} does not open as a camera; end the program that uses it, or name another with v4l2:N "
        "(a camera often has several devices and only the first gives pictures; group video may be missing)"
    )


class V4l2Camera:
    """An open camera."""

    def __init__(self, device: str, capture: Capture) -> None:
        """Read from a capture that is already open.

        Args:
            device: its path, for messages.
            capture: open, with size and rate set.
        """
        self._device, self._capture = device, capture

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Frames as they come.

        Raises:
            CameraError: none comes.
        """
        import cv2

        try:
            for number in count():
                yield self._next(number)
        except cv2.error as error:
            raise CameraError(f"camera {self._device} fails ({error.err})") from error

    def _next(self, number: int) -> Frame | Unreadable:
        if not self._capture.grab():
            raise CameraError(f"camera {self._device} gives no frame")
        captured_ns = _captured_ns(self._capture, time.monotonic_ns())
        readable, image = self._capture.retrieve()
        if not readable:
            reason = f"camera {self._device} gave a frame that does not decode"
            return Unreadable(None, reason, number, captured_ns)
        return Frame(image, number, captured_ns)

    def stop(self) -> None:
        """Do nothing: releasing a capture during a blocked read would crash."""

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


def v4l2_opener(place: str, options: V4l2Options, open_capture: OpenCapture = open_device) -> OpenCamera:
    """A function that opens the camera at a place.

    Args:
        place: `N` or `/dev/...`.
        options: set each time the camera is opened.
        open_capture: opens the device.

    Raises:
        UsageError: the place names no device.
    """
    device, _ = device_of(place)

    def open_camera() -> V4l2Camera:
        capture = open_capture(device, options)
        if capture is None:
            raise _missing(device)
        return V4l2Camera(device, capture)

    return open_camera


def _captured_ns(capture: Capture, grabbed_ns: int) -> int:
    """The driver's time stamp where it is of the monotonic clock, else the time of the grab.

    OpenCV gives the buffer's time stamp in milliseconds; most drivers take it from the monotonic clock.
    """
    import cv2

    driver_ns = int(capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
    return driver_ns if 0 <= grabbed_ns - driver_ns < PLAUSIBLE_AGE_NS else grabbed_ns


def open_v4l2(address: Address[V4l2Options], settings: CameraSettings) -> FrameSource:
    """The camera that an address names.

    Raises:
        UsageError: the place names no device.
        MissingOutsideError: the camera is not there or cannot be used.
    """
    options, (_, name) = address.options, device_of(address.place)
    patience = Patience.for_rate(settings.patience_seconds, options.fps)
    return LiveSource(name, v4l2_opener(address.place, options), options, patience, settings.wait)


SCHEME = Scheme(
    FORM,
    "a USB camera, or any other behind Video4Linux",
    V4l2Options,
    open_v4l2,
    check=lambda address: device_of(address.place),
)
