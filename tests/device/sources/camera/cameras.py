"""Short fakes of cameras that work, fail, hang, and return rubbish."""

import time
from collections.abc import Callable, Iterator
from threading import Event

import numpy as np

from device.sources.camera.protocol import Camera, CameraError
from device.sources.frame import Frame, Unreadable

PICTURE = np.zeros((2, 4, 3), np.uint8)


class FakeCamera:
    """Plays a list: an image or a reason is given, an exception raised, an Event waited for, a function
    called; a number stands for so many frames that the camera drops."""

    def __init__(self, *script: object | Exception | Event | Callable[[], object] | int) -> None:
        self.script = list(script)
        self.stopped = Event()
        self.closed = Event()

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        number = 0
        while self.script:
            assert not self.closed.is_set()
            match self.script.pop(0):
                case Exception() as error:
                    raise error
                case Event() as event:
                    event.wait()
                case int(dropped):
                    number += dropped
                case str(reason):
                    yield Unreadable(None, reason, number, time.monotonic_ns())
                    number += 1
                case step if callable(step):
                    step()
                case image:
                    yield Frame(image, number, time.monotonic_ns())  # type: ignore[arg-type]
                    number += 1

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.closed.set()


class FakeBus:
    """Opens one camera after the other; None stands for a camera that is unplugged."""

    def __init__(self, *cameras: Camera | None) -> None:
        self.cameras = list(cameras)
        self.opened = 0

    def open(self) -> Camera:
        self.opened += 1
        camera = self.cameras.pop(0) if self.cameras else None
        if camera is None:
            raise CameraError("no camera there")
        return camera


def pictures(number: int) -> list[np.ndarray]:
    return [PICTURE] * number


__all__ = ["PICTURE", "CameraError", "FakeBus", "FakeCamera", "pictures"]
