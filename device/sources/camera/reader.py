"""Read a camera without pause, and open it again whenever it fails."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from threading import Event

import numpy as np

from device.sources.camera.protocol import Camera, CameraError, OpenCamera
from device.sources.frame import Frame, Unreadable
from device.sources.framing import UPRIGHT, orient
from device.sources.options import Orientation
from device.support.backoff import BackOff

MAX_BAD_FRAMES = 10
"""Unusable frames in a row after which the camera is opened again."""


class CameraReader:
    """Frames of one camera, for one thread; ends only when it is stopped or the camera has no more."""

    def __init__(
        self,
        open_camera: OpenCamera,
        orientation: Orientation = UPRIGHT,
        camera: Camera | None = None,
        first: int = 0,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Prepare to read.

        Args:
            open_camera: opens it, each time anew.
            orientation: how the camera is held.
            camera: already open, to begin with.
            first: number of the first frame.
            wait: sleeps so many seconds; by default until then or until the reader is stopped.
        """
        self._open, self._orientation, self._camera = open_camera, orientation, camera
        self._awaited = first
        self._stopped = Event()
        self._wait = wait or self._stopped.wait
        self._back_off = BackOff()
        self.missed = 0
        """Frames that the camera itself dropped."""
        self.opening = False
        """Whether the camera is being opened: that may take longer than a frame."""

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Frames as they come; an Unreadable for each failure to get one."""
        try:
            while not self._stopped.is_set():
                try:
                    yield from self._frames()
                except CameraError as error:
                    self.close()
                    pause = self._back_off.failed()
                    yield self._unreadable(f"{error}; opening it again in {pause:g} s")
                    self._wait(pause)
                else:
                    return
        finally:
            self.close()

    def _frames(self) -> Iterator[Frame | Unreadable]:
        """Frames of the camera, opened if need be, until it fails or ends.

        Raises:
            CameraError: it fails.
        """
        first, shape, bad_frames = self._awaited, None, 0
        for item in self._opened():
            sequence = first + item.sequence
            frame = _checked(item, shape)
            if isinstance(frame, Unreadable):
                bad_frames += 1
                if bad_frames >= MAX_BAD_FRAMES:
                    raise CameraError(f"{frame.reason}, {bad_frames} times in a row")
                yield dataclasses.replace(frame, sequence=sequence)
            else:
                shape, bad_frames = frame.image.shape, 0
                self._back_off.reset()
                image = orient(frame.image, self._orientation)
                kept = image is frame.image and sequence == frame.sequence
                yield frame if kept else dataclasses.replace(frame, image=image, sequence=sequence)
            self.missed += sequence - self._awaited
            self._awaited = sequence + 1
            if self._stopped.is_set():
                return

    def _opened(self) -> Camera:
        if self._camera is None:
            self.opening = True
            self._camera = self._open()
            self.opening = False
        return self._camera

    def _unreadable(self, reason: str) -> Unreadable:
        return Unreadable(None, reason, self._awaited, time.monotonic_ns())

    def stop(self) -> None:
        """End the iteration soon; from any thread."""
        self._stopped.set()
        camera = self._camera
        if camera is not None:
            camera.stop()

    def close(self) -> None:
        """Release the camera; by the thread that iterates, or before or after it did."""
        camera, self._camera = self._camera, None
        self.opening = False
        if camera is not None:
            camera.close()


def _checked(item: Frame | Unreadable, wanted: tuple[int, ...] | None) -> Frame | Unreadable:
    """The item, or an Unreadable in place of a frame that is no picture or of another size than before."""
    if isinstance(item, Unreadable):
        return item
    shape = np.shape(item.image)
    if len(shape) != 3 or shape[2] != 3 or 0 in shape or item.image.dtype != np.uint8:
        reason = f"the camera gave {_described(item.image)}, wanted a colour picture"
    elif wanted is not None and shape != wanted:
        reason = f"the camera gave a frame of {shape[1]}x{shape[0]}, wanted {wanted[1]}x{wanted[0]} as before"
    else:
        return item
    return Unreadable(item.name, reason, item.sequence, item.captured_ns)


def _described(image: object) -> str:
    if isinstance(image, np.ndarray):
        return f"an array of shape {image.shape} and type {image.dtype}"
    return type(image).__name__
