"""A camera read without pause, and opened again whenever it fails."""

import time
from collections.abc import Callable, Iterator
from threading import Event

import numpy as np

from device.sources.camera import BadShot, Camera, CameraError, EndOfFrames, OpenCamera, Shot
from device.sources.frame import Frame, Unreadable
from device.sources.framing import orient
from device.sources.uri import SourceOptions

FIRST_BACK_OFF_SECONDS = 0.1
"""Before the first attempt to open the camera again; doubles with each failure."""

LAST_BACK_OFF_SECONDS = 1.0
"""The longest wait between two attempts."""

MOST_BAD_SHOTS = 10
"""Unusable frames in a row after which the camera is opened again."""


def back_off_seconds(failures: int) -> float:
    """The pause after so many failures in a row: 0.1 s, doubling to at most 1 s."""
    return min(FIRST_BACK_OFF_SECONDS * 2.0 ** min(failures, 16), LAST_BACK_OFF_SECONDS)


class CameraReader:
    """Frames of one camera, for one thread; ends only when it is stopped or the camera has no more."""

    def __init__(
        self,
        open_camera: OpenCamera,
        options: SourceOptions,
        camera: Camera | None = None,
        first: int = 0,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            open_camera: opens it, each time anew.
            options: how the camera is held.
            camera: already open, to begin with.
            first: number of the first frame.
            wait: sleeps so many seconds; by default until then or until the reader is stopped.
        """
        self._open, self._options, self._camera = open_camera, options, camera
        self._awaited = first
        self._stopped = Event()
        self._wait = wait or self._stopped.wait
        self._bad_shots = 0
        self._shape: tuple[int, ...] | None = None
        self.missed = 0
        """Frames that the camera itself dropped."""
        self.opening = False
        """Whether the camera is being opened: that may take longer than a frame."""

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Frames as they come; an Unreadable for each failure to get one."""
        failures = 0
        try:
            while not self._stopped.is_set():
                try:
                    item = self._next()
                except CameraError as error:
                    self.close()
                    back_off = back_off_seconds(failures)
                    failures += 1
                    yield self._unreadable(f"{error}; opening it again in {back_off:g} s")
                    self._wait(back_off)
                    continue
                if isinstance(item, Frame):
                    failures = 0
                yield item
        except EndOfFrames:
            return
        finally:
            self.close()

    def _next(self) -> Frame | Unreadable:
        if self._camera is None:
            self._shape, self._bad_shots, self.opening = None, 0, True
            self._camera = self._open()
            self.opening = False
        try:
            shot = self._camera.read()
            self._check(shot)
        except BadShot as bad:
            self._bad_shots += 1
            if self._bad_shots >= MOST_BAD_SHOTS:
                raise CameraError(f"{bad}, {self._bad_shots} times in a row") from bad
            item = self._unreadable(str(bad))
            self._awaited += 1
            return item
        self._bad_shots = 0
        self.missed += shot.missed
        sequence = self._awaited + shot.missed
        self._awaited = sequence + 1
        return Frame(orient(shot.image, self._options), sequence, shot.captured_ns, shot.name)

    def _check(self, shot: Shot) -> None:
        """Refuse what is no picture, or has another size than the camera's others.

        Raises:
            BadShot: it is so.
        """
        shape = np.shape(shot.image)
        if len(shape) != 3 or shape[2] != 3 or 0 in shape or shot.image.dtype != np.uint8:
            raise BadShot(f"the camera gave {_described(shot.image)}, wanted a colour picture")
        if self._shape is None:
            self._shape = shape
        if shape != self._shape:
            got, wanted = (f"{sides[1]}x{sides[0]}" for sides in (shape, self._shape))
            raise BadShot(f"the camera gave a frame of {got}, wanted {wanted} as before")

    def _unreadable(self, reason: str) -> Unreadable:
        return Unreadable(None, reason, self._awaited, time.monotonic_ns())

    def stop(self) -> None:
        """End the iteration soon; from any thread."""
        self._stopped.set()
        camera = self._camera
        if camera is not None:
            camera.stop()

    def close(self) -> None:
        """Let go of the camera; by the thread that iterates, or before or after it did."""
        camera, self._camera = self._camera, None
        self.opening = False
        if camera is not None:
            camera.close()


def _described(image: object) -> str:
    if isinstance(image, np.ndarray):
        return f"an array of shape {image.shape} and type {image.dtype}"
    return f"{type(image).__name__}"
