"""Frames of a video file, each exactly once: lossless."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from device.config.address import Address, Scheme
from device.sources.camera.live import ENDLESS, LiveSource
from device.sources.camera.played import PlayedCamera, at_rate
from device.sources.frame import Frame, FrameSource, Unreadable, streamable
from device.sources.framing import frame_stored
from device.sources.options import Fps, Orientation, Size
from device.sources.settings import CameraSettings
from device.support.paths import path_of


@dataclass(frozen=True)
class VideoOptions(Orientation):
    """Options of `video:`."""

    size: Size | None = None
    """Scaled to fit inside, proportions kept; by default as stored."""
    pace: Literal["real", "fast"] = "fast"
    """real: in real time, newest frame wins; fast: every frame, as fast as they are handled."""
    fps: Fps | None = None
    """Frames a second with pace=real; by default each frame at its own time stamp."""
    repeat: bool = False
    """Whether it begins again at its end."""


class VideoSource(FrameSource):
    """A video file from its first frame to its last, as fast as it is read; over and over if wanted."""

    name = "video"
    live = False

    def __init__(self, path: Path, options: VideoOptions | None = None) -> None:
        """Open the file and read its first frame.

        Raises:
            BadInputError: no such file, or no video that OpenCV can read.
        """
        from device.sources.video_file import VideoFile

        self._path = path
        self._file = VideoFile(path)
        self._file_name = streamable(path.name)
        self._options = options or VideoOptions()
        self._start_ns = 0
        self._closed = False

    @property
    def length(self) -> int | None:
        """Number of frames that the file announces; None where it does not, or begins again at its end."""
        return None if self._options.repeat else self._file.announced or None

    @property
    def position_ns(self) -> int:
        """Time stamp of the frame that came last, from the start of the first showing."""
        return self._start_ns + self._file.position_ns

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Every frame, then, if the file announced more than came, one Unreadable that says so."""
        sequence = 0
        while True:
            index = 0
            while not self._closed and (stored := self._file.read()) is not None:
                image = frame_stored(stored, self._options.size, self._options)
                yield Frame(image, sequence, time.monotonic_ns(), self._name_of(index), self._file.fps)
                sequence, index = sequence + 1, index + 1
            if self._closed or not self._options.repeat:
                break
            self._begin_again()
        if not self._closed and index < self._file.announced:
            yield self._cut_short(index, sequence)
        self._file.close()

    def _begin_again(self) -> None:
        from device.sources.video_file import VideoFile

        self._start_ns += self._file.position_ns + round(1e9 / self._file.fps)
        self._file.close()
        self._file = VideoFile(self._path)

    def _name_of(self, index: int) -> str:
        return f"{self._file_name}#{index:06d}"

    def _cut_short(self, got: int, sequence: int) -> Unreadable:
        reason = (
            f"{self._file_name}: got {got} of {self._file.announced} frames that its header announces; "
            "the file is cut short or damaged"
        )
        return Unreadable(self._name_of(got), reason, sequence, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration, which then releases the file."""
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
    due = at_rate(options.fps) if options.fps else lambda _: video.position_ns
    return LiveSource(video.name, lambda: PlayedCamera(video, due), patience=ENDLESS)


SCHEME = Scheme(
    "video:FILE",
    "every frame of a video, turned as the file says, as a player does",
    VideoOptions,
    open_video,
    is_path=True,
)
