"""Short fakes of cameras that work, fail, hang, and return rubbish."""

import time
from collections.abc import Callable
from threading import Event

import numpy as np

from device.sources.camera import BadShot, Camera, CameraError, EndOfFrames, Shot

PICTURE = np.zeros((2, 4, 3), np.uint8)


class FakeCamera:
    """Plays a list: a Shot is given, an exception raised, an Event waited for, a function called."""

    def __init__(self, *script: Shot | Exception | Event | Callable[[], object]) -> None:
        self.script = list(script)
        self.stopped = Event()
        self.closed = Event()

    def read(self) -> Shot:
        assert not self.closed.is_set()
        while True:
            step = self.script.pop(0) if self.script else EndOfFrames()
            if isinstance(step, Shot):
                return step
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Event):
                step.wait()
            else:
                step()

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


def shot(image: object = PICTURE, missed: int = 0) -> Shot:
    return Shot(image, time.monotonic_ns(), missed)  # type: ignore[arg-type]


def shots(number: int) -> list[Shot]:
    return [shot() for _ in range(number)]


__all__ = ["PICTURE", "BadShot", "CameraError", "FakeBus", "FakeCamera", "shot", "shots"]
