"""Frames of a video file, each exactly once: lossless."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.contract.errors import BadInputError
from device.sources.frame import Frame, FrameSource, Unreadable, streamable
from device.sources.framing import frame_stored
from device.sources.live import ENDLESS, LiveSource
from device.sources.options import MAX_FPS, Fps, Orientation, Size
from device.sources.played import PlayedCamera
from device.sources.settings import CameraSettings
from device.support.paths import is_file, path_of

if TYPE_CHECKING:
    import cv2

DEFAULT_FPS = 30.0
"""Of videos that do not say theirs."""

# FFmpeg draws a text file as a film of a terminal; nobody means that.
_TERMINAL_FOURCC = int.from_bytes(b"ansi", "little")


@dataclass(frozen=True)
class VideoOptions(Orientation):
    """Options of `video:`."""

    size: Size | None = None
    """Scaled to fit inside, proportions kept; by default as stored."""
    pace: Literal["real", "fast"] = "fast"
    """real: in real time, newest frame wins; fast: every frame, as fast as they are handled."""
    fps: Fps | None = None
    """Frames a second with pace=real; by default as the file says."""
    repeat: bool = False
    """Whether it begins again at its end."""


def _open_file(file: Path) -> "tuple[cv2.VideoCapture, NDArray[np.uint8]]":
    """An open capture and its first frame.

    Raises:
        BadInputError: no such file, or no video that OpenCV can read.
    """
    import cv2

    if not is_file(file):
        raise BadInputError(f"no video file at {file}; check the path")
    capture = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    if int(capture.get(cv2.CAP_PROP_FOURCC)) == _TERMINAL_FOURCC:
        raise BadInputError(f"{file} is a text, wanted a video (AVI, MP4, MKV, ...)")
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) <= 0 and cv2.haveImageReader(str(file)):
        raise BadInputError(f"{file} is a picture, wanted a video; for pictures write images:{file.parent}")
    readable, first = capture.read()
    if not readable:
        size = file.stat().st_size
        raise BadInputError(
            f"{file} ({size} bytes) holds no frame that can be read, wanted a video (AVI, MP4, MKV, ...): "
            "it is damaged, cut short or in another format"
        )
    return capture, np.asarray(first, np.uint8)


class VideoSource(FrameSource):
    """A video file from its first frame to its last, as fast as it is read; over and over if asked to.

    A rotation that the file states is applied, as players do.
    """

    name = "video"
    live = False

    def __init__(self, file: Path, options: VideoOptions | None = None) -> None:
        """Open the file and read its first frame.

        Raises:
            BadInputError: no such file, or no video that OpenCV can read.
        """
        self._file = file
        self._file_name = streamable(file.name)
        self._options = options or VideoOptions()
        self._capture, self._first = _open_file(file)
        import cv2

        announced = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._announced = int(announced) if announced > 0 else 0
        self._closed = False

    @property
    def fps(self) -> float | None:
        """Frames a second, as the file says."""
        import cv2

        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        return fps if 0 < fps <= MAX_FPS else None

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Every frame, then, if the file announced more than came, one Unreadable that says so."""
        first, sequence = self._first, 0
        while True:
            for index, stored in enumerate(self._images(first)):
                image = frame_stored(stored, self._options.size, self._options)
                yield Frame(image, sequence, time.monotonic_ns(), self._name_of(index))
                sequence += 1
            if self._closed or not self._options.repeat:
                break
            self._capture.release()
            self._capture, first = _open_file(self._file)
        if not self._closed and index + 1 < self._announced:
            yield self._cut_short(index + 1, sequence)
        self._capture.release()

    def _images(self, first: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """The pictures of one showing."""
        yield first
        while not self._closed:
            readable, decoded = self._capture.read()
            if not readable:
                return
            yield np.asarray(decoded, np.uint8)

    def _name_of(self, sequence: int) -> str:
        return f"{self._file_name}#{sequence:06d}"

    def _cut_short(self, got: int, sequence: int) -> Unreadable:
        reason = (
            f"{self._file_name}: got {got} of {self._announced} frames that its header announces; "
            "the file is cut short or damaged"
        )
        return Unreadable(self._name_of(got), reason, sequence, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration; the file is let go of when the iteration ends."""
        self._closed = True


def open_video(address: Address[VideoOptions], _: CameraSettings) -> FrameSource:
    """The video that an address names.

    Raises:
        BadInputError: no such file, or no video that OpenCV can read.
    """
    options = address.options
    video = VideoSource(path_of(address.place), options)
    if options.pace == "fast":
        return video
    fps = options.fps or video.fps or DEFAULT_FPS
    return LiveSource(video.name, lambda: PlayedCamera(video, fps), patience=ENDLESS)


SCHEME = Scheme("video:FILE", "every frame of a video, turned as the file says", VideoOptions, open_video)
