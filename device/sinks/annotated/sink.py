"""The sink `annotated:`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.contract.errors import UsageError
from device.messages.frame import FrameMessage
from device.messages.messages import Message
from device.sources.frame import Frame
from device.sources.options import Fps
from device.support.condition import Condition
from device.support.paths import is_folder, path_of

FILM_ENDINGS = (".mp4", ".avi", ".webm")
"""Of the names of films; any other name is a folder's."""

MISTAKEN_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".mov", ".mkv", ".m4v"}
)
"""Of names that mean one picture or another kind of film: nobody wants a new folder of such a name."""


@dataclass(frozen=True)
class AnnotatedOptions:
    """Options of `annotated:`."""

    fps: Fps | None = None
    """Frames a second of the film; by default those of the source's film, 30 for cameras and pictures."""


class Medium(Protocol):
    """What takes the pictures."""

    def add(self, picture: NDArray[np.uint8], frame: Frame) -> None:
        """Write the picture of a frame."""
        ...

    def close(self) -> None:
        """Finish."""
        ...


class AnnotatedSink:
    """Draws the faces of each frame into its picture and writes it.

    It holds the daemon up while it writes: of files every frame comes out, and a camera skips some. A disk
    that takes no more ends the daemon.
    """

    wants_frame_lines = False

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._frame: Frame | None = None

    @property
    def condition(self) -> Condition:
        """Always OK: a disk that takes no more ends the daemon."""
        return Condition()

    def show(self, frame: Frame) -> None:
        """Keep a frame until its message comes."""
        self._frame = frame

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - it needs no line
        """Write the frame that was shown, with the faces of its message; a recording has no frames.

        Raises:
            WriteFailedError: the disk is full or gone.
        """
        frame, self._frame = self._frame, None
        if frame is None or not isinstance(message, FrameMessage):
            return
        from device.sinks.annotated.drawing import annotate

        self._medium.add(annotate(frame.image, message), frame)

    def stop_waiting(self) -> None:
        """A picture takes milliseconds: nothing to give up."""

    def close(self) -> None:
        """Finish the film.

        Raises:
            WriteFailedError: the disk is full or gone.
        """
        self._medium.close()


def open_annotated(address: Address[AnnotatedOptions]) -> AnnotatedSink:
    """A film or a folder of pictures.

    Raises:
        WriteFailedError: it cannot be written.
    """
    return AnnotatedSink(_medium(path_of(address.place), address.options.fps))


def check_annotated_address(address: Address[AnnotatedOptions]) -> None:
    """Whether the name is that of a film or of a folder.

    Raises:
        UsageError: it is neither's.
    """
    path = path_of(address.place)
    if path.suffix.lower() in MISTAKEN_ENDINGS and not is_folder(path):
        raise UsageError(
            f"sink annotated: got {str(path)!r}, wanted a folder for pictures or a film that ends in "
            f"{', '.join(FILM_ENDINGS)}; write annotated:{path.with_suffix('')}"
        )


def is_film(path: Path) -> bool:
    """Whether a film is written there, by its name; else a folder of pictures."""
    return path.suffix.lower() in FILM_ENDINGS


def _medium(path: Path, fps: float | None) -> Medium:
    if is_film(path):
        from device.sinks.annotated.film import Film

        return Film(path, fps)
    from device.sinks.annotated.album import Album

    return Album(path)


SCHEME = Scheme(
    "annotated:PATH",
    "the frames with what was found drawn in: a film (.mp4, .avi or .webm), else a folder of pictures",
    AnnotatedOptions,
    open_annotated,
    is_path=True,
    check=check_annotated_address,
)
