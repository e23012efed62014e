"""The Pi's camera through libcamera, held by a child process that can be killed when it hangs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from device.config.address import Address, Scheme
from device.config.values import shown
from device.contract.errors import UsageError
from device.sources.camera.live import LiveSource, Patience
from device.sources.camera.protocol import CameraError, OpenCamera
from device.sources.frame import Frame, FrameSource, Unreadable
from device.sources.options import Fps, Orientation, Size
from device.sources.settings import CameraSettings
from device.support.child import Child, ChildError

MODULE = "device.sources.camera.picamera2_child"

FORM = "picamera2: or picamera2:N"

MAX_DIGITS = 3
"""Of a camera's number."""

OPEN_SECONDS = 10.0
"""picamera2 and libcamera load in about two; a sensor that does not answer takes for ever."""

SHOT_SECONDS = 2.0
"""Far above a frame's time, below what a user takes for a dead device."""


@dataclass(frozen=True)
class Picamera2Options(Orientation):
    """Options of `picamera2:`; the camera gives the nearest that it has."""

    # Enough for faces from about 40 px on, and little to convert.
    size: Size = (640, 480)
    """Of the frames."""
    fps: Fps | None = None
    """Frames a second; by default the camera's own choice."""
    sensor_mode: Size | None = None
    """Mode of the sensor, by its size, as `rpicam-hello --list-cameras` lists them; by default one that sees
    the whole field of view."""


class Picamera2Camera:
    """An open camera, in a process of its own."""

    def __init__(self, number: int, options: Picamera2Options) -> None:
        """Start the child and wait until it has opened the camera.

        Raises:
            CameraError: it cannot, or takes too long.
        """
        self._number = number
        width, height = options.size
        self._shot_seconds = max(SHOT_SECONDS, 3 / options.fps if options.fps else 0)
        mode = options.sensor_mode or (0, 0)
        self._child = Child(MODULE, *map(str, (number, width, height, options.fps or 0, *mode)))
        try:
            kind, _, rest = self._child.receive(OPEN_SECONDS).decode(errors="replace").partition(" ")
        except ChildError as error:
            raise self._failed(str(error)) from error
        if kind != "opened":
            self._child.close()
            raise CameraError(f"picamera2:{number}: {rest}")
        width, height = map(int, rest.split())
        self._picture = np.frombuffer(self._child.memory(), np.uint8).reshape(height, width, 3)

    def _failed(self, reason: str) -> CameraError:
        self._child.close()
        return CameraError(f"picamera2:{self._number}: the camera's process {reason}")

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Frames as they come.

        Raises:
            CameraError: the camera hangs or its process has died; the process is killed.
        """
        for number in count():
            try:
                answer = self._child.ask(b"next", self._shot_seconds).decode(errors="replace")
            except ChildError as error:
                raise self._failed(str(error)) from error
            kind, _, rest = answer.partition(" ")
            if kind == "shot":
                yield Frame(self._picture.copy(), number, int(rest))
            else:
                yield Unreadable(None, f"picamera2:{self._number}: {rest}", number, time.monotonic_ns())

    def stop(self) -> None:
        """Kill the child: a running `read` fails at once."""
        self._child.interrupt()

    def close(self) -> None:
        """Kill the child, which frees the camera."""
        self._child.close()


def picamera2_opener(place: str, options: Picamera2Options) -> OpenCamera:
    """A function that opens a camera by its number among libcamera's.

    Raises:
        UsageError: the place is no number.
    """
    number = place or "0"
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
        raise UsageError(f"source picamera2: got {shown(place)}, wanted {FORM}")
    return lambda: Picamera2Camera(int(number), options)


def open_picamera2(address: Address[Picamera2Options], settings: CameraSettings) -> FrameSource:
    """The camera that an address names.

    Raises:
        UsageError: the place is no number.
        MissingOutsideError: the camera or picamera2 is not there.
    """
    options = address.options
    patience = Patience.for_rate(settings.patience_seconds, options.fps)
    open_camera = picamera2_opener(address.place, options)
    return LiveSource(f"cam{int(address.place or 0)}", open_camera, options, patience, settings.wait)


SCHEME = Scheme(
    FORM,
    "the Pi's camera through libcamera",
    Picamera2Options,
    open_picamera2,
    place="optional",
    check=lambda address: picamera2_opener(address.place, address.options),
)
