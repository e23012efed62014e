"""A camera behind Video4Linux: USB cameras and whatever else shows as /dev/videoN.

Once it has been opened it is never given up: a camera that is pulled out gives Unreadables until it
is plugged in again.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Lock
from typing import Any, Protocol

import cv2
import numpy as np

from device.contract.errors import MissingOutsideError, UsageError
from device.frame import Frame, FrameSource, Unreadable
from device.sources.framing import orient
from device.sources.places import is_anything
from device.sources.uri import FORMS, SourceOptions

FIRST_BACK_OFF_SECONDS = 0.1
"""Before the first attempt to open the camera again; doubles with each failure."""

LAST_BACK_OFF_SECONDS = 1.0
"""The longest wait between two attempts."""

PLAUSIBLE_AGE_NS = 1_000_000_000
"""A driver's time stamp older than this is of another clock."""


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


OpenCapture = Callable[[str, SourceOptions], Capture | None]
"""Opens a device path; None when it cannot be opened."""


def open_device(device: str, options: SourceOptions) -> Capture | None:
    """Open a camera and ask it for size and rate; it answers with the nearest that it has."""
    if not is_anything(device):
        return None
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        return None
    if options.size_wh is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.size_wh[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.size_wh[1])
    if options.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, options.fps)
    return capture


def device_of(place: str) -> tuple[str, str]:
    """The device path and the stream's name of `N` or `/dev/...`.

    Raises:
        UsageError: neither of the two.
    """
    if place.isascii() and place.isdigit():
        place = f"/dev/video{int(place)}"
    if not place.startswith("/dev/"):
        raise UsageError(f"source v4l2: got {place!r}, wanted {FORMS['v4l2']}")
    base = Path(place).name
    number = base.removeprefix("video")
    return place, f"cam{number}" if base.startswith("video") and number.isdigit() else base


def _missing(device: str) -> MissingOutsideError:
    """Why the first opening failed, as far as can be told from outside."""
    if not is_anything(device):
        present = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "none"
        return MissingOutsideError(
            f"no camera at {device}, present: {present}; plug it in, name another with v4l2:N, "
            "and see that your user is in group video"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        return MissingOutsideError(
            f"no permission for {device}, wanted to read and write it; "
            "join group video (sudo usermod -aG video $USER) and log in again"
        )
    return MissingOutsideError(
        f"{device} does not open as a camera; end the program that uses it, or name another with v4l2:N "
        "(a camera often has several devices and only the first gives pictures; group video may be missing)"
    )


class V4l2Source(FrameSource):
    """A camera read without pause by whoever iterates; put a `LiveSource` about it."""

    live = True

    def __init__(
        self,
        place: str,
        options: SourceOptions,
        open_capture: OpenCapture = open_device,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Open the camera.

        Args:
            place: `N` or `/dev/...`.
            options: asked of the camera each time it is opened.
            open_capture: opens the device.
            wait: sleeps so many seconds; by default until then or until the source is closed.

        Raises:
            UsageError: the place names no device.
            MissingOutsideError: the camera cannot be opened.
        """
        self._device, self.name = device_of(place)
        self._options = options
        self._open_capture = open_capture
        self._closed = Event()
        self._wait = wait or self._closed.wait
        # Held by the thread that reads: releasing a capture under a blocked read would crash.
        self._reading = Lock()
        self._capture = open_capture(self._device, options)
        if self._capture is None:
            raise _missing(self._device)

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Frames as they come; an Unreadable for each failure to get one."""
        with self._reading:
            try:
                yield from self._frames()
            finally:
                self._release()

    def _frames(self) -> Iterator[Frame | Unreadable]:
        sequence = failures = 0
        while not self._closed.is_set():
            if self._capture is None:
                self._capture = self._open_capture(self._device, self._options)
            if self._capture is not None and self._capture.grab():
                yield self._retrieve(self._capture, sequence)
                sequence, failures = sequence + 1, 0
                continue
            lost = "gives no frame" if self._capture is not None else "cannot be opened"
            self._release()
            back_off = min(FIRST_BACK_OFF_SECONDS * 2 ** min(failures, 16), LAST_BACK_OFF_SECONDS)
            failures += 1
            reason = f"camera {self._device} {lost}; opening it again in {back_off:g} s"
            yield Unreadable(None, reason, sequence, time.monotonic_ns())
            self._wait(back_off)

    def _retrieve(self, capture: Capture, sequence: int) -> Frame | Unreadable:
        captured_ns = _captured_ns(capture, time.monotonic_ns())
        readable, image = capture.retrieve()
        if not readable:
            reason = f"camera {self._device} gave a frame that does not decode"
            return Unreadable(None, reason, sequence, captured_ns)
        return Frame(orient(np.asarray(image, np.uint8), self._options), sequence, captured_ns)

    def _release(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def close(self) -> None:
        """Ask the reading thread to end and to release the camera; release it if nobody reads."""
        self._closed.set()
        if self._reading.acquire(blocking=False):
            self._release()
            self._reading.release()


def _captured_ns(capture: Capture, grabbed_ns: int) -> int:
    """The driver's own time of the frame where it counts in our clock, else the time of the grab.

    OpenCV hands on the buffer's stamp as milliseconds; most drivers take it from the monotonic clock.
    """
    driver_ns = int(capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
    return driver_ns if 0 <= grabbed_ns - driver_ns < PLAUSIBLE_AGE_NS else grabbed_ns
