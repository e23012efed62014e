"""Frames without any header from a pipe or a file, as `ffmpeg -f rawvideo` and others write them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError, UsageError
from device.sources.frame import Frame, FrameSource, Unreadable, streamable
from device.sources.framing import orient
from device.sources.uri import SourceOptions
from device.support.paths import is_anything, is_folder, path_of

STDIN = "-"

# Rows of bytes for a frame of H rows: numerator and denominator; bytes of a pixel in a row; conversion.
_LAYOUTS: dict[str, tuple[int, int, int, int | None]] = {
    "rgb24": (1, 1, 3, cv2.COLOR_RGB2BGR),
    "bgr24": (1, 1, 3, None),
    "gray8": (1, 1, 1, cv2.COLOR_GRAY2BGR),
    "yuv420": (3, 2, 1, cv2.COLOR_YUV2BGR_I420),
}


class RawSource(FrameSource):
    """Frames one after the other, each exactly once."""

    name = "raw"
    live = False

    def __init__(self, place: str, options: SourceOptions, stream: BinaryIO | None = None) -> None:
        """Open the file.

        Args:
            place: a path, or `-` for standard input.
            options: size and format of the frames.
            stream: read in the place of standard input.

        Raises:
            UsageError: no size, or one that the format cannot have.
            BadInputError: the file cannot be read.
        """
        if options.size_wh is None:
            raise UsageError(f"source raw: needs the size of its frames; write raw:{place}?size=640x480")
        width, height = options.size_wh
        if options.format == "yuv420" and (width % 2 or height % 2):
            raise UsageError(f"source raw: got yuv420 of {width}x{height}, wanted even sides")
        self._options = options
        self._label = "stdin" if place == STDIN else streamable(Path(place).name)
        self._stream = stream or _open(place)
        over, under, depth, self._conversion = _LAYOUTS[options.format]
        self._buffer = np.empty((height * over // under, width * depth), np.uint8)
        self._shape = (height, width, 3) if depth == 3 else self._buffer.shape
        self._closed = False

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Every frame; an Unreadable for a rest that is no whole one."""
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
            # A pipe gives what it has, which may be less than was asked for.
            count = self._stream.readinto(view[got:])  # type: ignore[attr-defined]
            if not count:
                break
            got += count
        return got

    def _picture(self) -> NDArray[np.uint8]:
        stored = self._buffer.reshape(self._shape)
        image = stored.copy() if self._conversion is None else cv2.cvtColor(stored, self._conversion)
        return orient(np.asarray(image, np.uint8), self._options)

    def _rest(self, got: int, sequence: int) -> Unreadable:
        reason = (
            f"{self._label}: {got} bytes after frame {sequence - 1}, wanted {self._buffer.nbytes} more; "
            "cut short, or size and format are not those that were written"
        )
        return Unreadable(f"{self._label}#{sequence:06d}", reason, sequence, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration after the frame in hand."""
        self._closed = True


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
