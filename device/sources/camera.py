"""What a camera is to the capture thread: something that is read, fails, and is opened again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import MissingOutsideError


class CameraError(MissingOutsideError):
    """The camera cannot be opened, or gives nothing any more: it is closed and opened again.

    At the start it ends the program instead; the sentence says what to do.
    """


class BadShot(Exception):  # noqa: N818 - not an error of the camera, which goes on
    """One frame came but cannot be used; the message says why."""


class EndOfFrames(Exception):  # noqa: N818 - an ordinary end
    """A file or a pipe that is played like a camera has no more frames."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture as the camera gives it."""

    image: NDArray[np.uint8]
    """(H, W, 3) uint8, blue green red, the reader's own."""
    captured_ns: int
    """Monotonic nanoseconds."""
    missed: int = 0
    """Frames that the camera itself dropped since the last one."""
    name: str | None = None
    """Of a file's frame."""


class Camera(Protocol):
    """An open camera; made by an `OpenCamera`, used by one thread."""

    def read(self) -> Shot:
        """Wait for the next frame.

        Raises:
            BadShot: this one cannot be used.
            CameraError: none comes.
            EndOfFrames: there are no more.
        """
        ...

    def stop(self) -> None:
        """Make a running `read` end soon, if that is possible; the only call from another thread."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


OpenCamera = Callable[[], Camera]
"""Opens the camera; raises CameraError."""
