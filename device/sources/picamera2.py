"""The Pi's camera through libcamera, held by a child process that can be killed when it hangs."""

import numpy as np

from device.contract.errors import UsageError
from device.sources.camera import BadShot, CameraError, OpenCamera, Shot
from device.sources.uri import FORMS, SourceOptions
from device.support.child import Child, ChildError

MODULE = "device.sources.picamera2_child"

DEFAULT_SIZE_WH = (640, 480)
"""Enough for faces from about 40 px on, and little to convert."""

OPEN_SECONDS = 10.0
"""picamera2 and libcamera load in about two; a sensor that does not answer takes for ever."""

SHOT_SECONDS = 2.0
"""Far above a frame's time, below what a user takes for a dead device."""


class Picamera2Camera:
    """An open camera."""

    def __init__(self, number: int, options: SourceOptions) -> None:
        """Start the child and wait until it has opened the camera.

        Raises:
            CameraError: it cannot, or takes too long.
        """
        self._number = number
        width, height = options.size_wh or DEFAULT_SIZE_WH
        self._shot_seconds = max(SHOT_SECONDS, 3 / options.fps if options.fps else 0)
        self._child = Child(MODULE, *map(str, (number, width, height, options.fps or 0)))
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

    def read(self) -> Shot:
        """Wait for the next frame.

        Raises:
            BadShot: it has not the size it should have.
            CameraError: the camera hangs or its process has died; the process is killed.
        """
        try:
            answer = self._child.ask(b"next", self._shot_seconds).decode(errors="replace")
        except ChildError as error:
            raise self._failed(str(error)) from error
        kind, _, rest = answer.partition(" ")
        if kind != "shot":
            raise BadShot(f"picamera2:{self._number}: {rest}")
        return Shot(self._picture.copy(), int(rest))

    def stop(self) -> None:
        """Kill the child: a running `read` fails at once."""
        self._child.interrupt()

    def close(self) -> None:
        """Kill the child, which frees the camera."""
        self._child.close()


def picamera2_opener(place: str, options: SourceOptions) -> OpenCamera:
    """What opens a camera by its number among libcamera's.

    Raises:
        UsageError: the place is no number.
    """
    number = place or "0"
    if not (number.isascii() and number.isdigit()):
        raise UsageError(f"source picamera2: got {place!r}, wanted {FORMS['picamera2']}")
    return lambda: Picamera2Camera(int(number), options)
