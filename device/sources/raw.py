"""Frames without any header from a pipe or a file, as `ffmpeg -f rawvideo` and others write them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.contract.errors import BadInputError, UsageError
from device.sources.frame import Frame, FrameSource, Unreadable, streamable
from device.sources.framing import orient
from device.sources.live import ENDLESS, LiveSource
from device.sources.options import Fps, Orientation, Size
from device.sources.played import PlayedCamera
from device.sources.settings import CameraSettings
from device.support.paths import is_anything, is_folder, path_of

STDIN = "-"


@dataclass(frozen=True)
class RawOptions(Orientation):
    """Options of `raw:`."""

    size: Size
    """Of the frames, as they are written."""
    format: Literal["rgb24", "bgr24", "gray8", "yuv420"] = "rgb24"
    """Layout of a frame; yuv420 is planar (I420) and needs even sides."""
    pace: Literal["real", "fast"] | None = None
    """real: in real time, newest frame wins (the default of standard input); fast: every frame."""
    fps: Fps = 30.0
    """Frames a second of a file with pace=real; standard input keeps time itself."""

    def __post_init__(self) -> None:
        if self.format == "yuv420" and any(side % 2 for side in self.size):
            width, height = self.size
            raise UsageError(f"source raw: yuv420 of {width}x{height}, wanted even sides")


class RawSource(FrameSource):
    """Frames one after the other, each exactly once."""

    name = "raw"
    live = False

    def __init__(self, place: str, options: RawOptions, stream: BinaryIO | None = None) -> None:
        """Open the file.

        Args:
            place: a path, or `-` for standard input.
            options: size and format of the frames.
            stream: read in the place of standard input.

        Raises:
            BadInputError: the file cannot be read.
        """
        self._options = options
        self._label = "stdin" if place == STDIN else streamable(Path(place).name)
        self._stream = stream or _open(place)
        self._buffer = np.empty(_shape_of(options), np.uint8)
        self._closed = False

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Every frame; an Unreadable for a rest that is not a whole one."""
        sequence = 0
        while not self._closed:
            got = self._fill()
            if got < self._buffer.nbytes:
                if got:
                    yield self._rest(got, sequence)
                return
            read_ns = time.monotonic_ns()
            yield Frame(self._picture(), sequence, read_ns, f"{self._label}#{sequence:06d}")
            sequence += 1

    def _fill(self) -> int:
        """Read one frame into the buffer; the number of bytes that came."""
        view, got = self._buffer.data.cast("B"), 0
        while got < len(view):
            # A pipe gives what it has, which may be less than a frame.
            count = self._stream.readinto(view[got:])  # type: ignore[attr-defined]
            if not count:
                break
            got += count
        return got

    def _picture(self) -> NDArray[np.uint8]:
        return orient(to_bgr(self._buffer, self._options), self._options)

    def _rest(self, got: int, sequence: int) -> Unreadable:
        reason = (
            f"{self._label}: {got} bytes after frame {sequence - 1}, wanted {self._buffer.nbytes} more; "
            "cut short, or size and format are not those that were written"
        )
        return Unreadable(f"{self._label}#{sequence:06d}", reason, sequence, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration after the frame in hand."""
        self._closed = True


def _shape_of(options: RawOptions) -> tuple[int, ...]:
    """Of the array of bytes that one frame is."""
    width, height = options.size
    match options.format:
        case "gray8":
            return height, width
        case "yuv420":
            return height * 3 // 2, width
    return height, width, 3


def to_bgr(stored: NDArray[np.uint8], options: RawOptions) -> NDArray[np.uint8]:
    """(H, W, 3) blue green red of one frame's bytes; never the same memory."""
    import cv2

    if options.format == "bgr24":
        return stored.copy()
    codes = {"rgb24": cv2.COLOR_RGB2BGR, "gray8": cv2.COLOR_GRAY2BGR, "yuv420": cv2.COLOR_YUV2BGR_I420}
    return np.asarray(cv2.cvtColor(stored, codes[options.format]), np.uint8)


def _open(place: str) -> BinaryIO:
    if place == STDIN:
        # Not sys.stdin: its lock, held by a thread that waits for input, is fatal when the program ends.
        return open(0, "rb", buffering=0, closefd=False)
    path = path_of(place)
    if not is_anything(path) or is_folder(path):
        raise BadInputError(f"no file or pipe at {path}; check the path, or write raw:- for standard input")
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error


def open_raw(address: Address[RawOptions], _: CameraSettings) -> FrameSource:
    """The frames of a pipe or file.

    Raises:
        BadInputError: the file cannot be read.
    """
    options, piped = address.options, address.place == STDIN
    raw = RawSource(address.place, options)
    if (options.pace or ("real" if piped else "fast")) == "fast":
        return raw
    fps = None if piped else options.fps
    return LiveSource(raw.name, lambda: PlayedCamera(raw, fps), patience=ENDLESS)


SCHEME = Scheme(
    "raw:FILE or raw:- for standard input", "frames without a header, each exactly once", RawOptions, open_raw
)
