"""A camera as the capture thread sees it: it is read, fails, and is opened again."""

from collections.abc import Callable, Iterator
from typing import Protocol

from device.contract.errors import MissingOutsideError
from device.sources.frame import Frame, Unreadable


class CameraError(MissingOutsideError):
    """The camera cannot be opened, or gives no more frames: it is closed and opened again.

    At the start it ends the program instead; the message says what to do.
    """


class Camera(Protocol):
    """An open camera; made by an `OpenCamera`, used by one thread."""

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Frames numbered from 0, until there are no more or `stop` is called.

        An Unreadable is one frame that cannot be used; the camera goes on.

        Raises:
            CameraError: no frame comes any more.
        """
        ...

    def stop(self) -> None:
        """Make the iteration end soon, if that is possible; the only call from another thread."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


OpenCamera = Callable[[], Camera]
"""Opens the camera; raises CameraError."""
