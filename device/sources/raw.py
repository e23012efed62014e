"""Frames without any header from a pipe or a file, as `ffmpeg -f rawvideo` and others write them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.config.values import Within
from device.contract.errors import BadInputError, UsageError
from device.sources.camera.live import ENDLESS, LiveSource
from device.sources.camera.played import PlayedCamera, at_rate
from device.sources.frame import Frame, FrameSource, Unreadable, streamable
from device.sources.framing import orient
from device.sources.options import MAX_SIDE, Fps, Orientation, Size
from device.sources.settings import CameraSettings
from device.support.paths import is_anything, is_file, is_folder, path_of

STDIN = "-"


@dataclass(frozen=True)
class RawOptions(Orientation):
    """Options of `raw:`."""

    size: Size
    """Of the frames, in pixels, without the padding of rows."""
    format: Literal["rgb24", "bgr24", "gray8", "yuv420"] = "rgb24"
    """Layout of a frame; yuv420 is planar (I420) and needs even sides."""
    pace: Literal["real", "fast"] | None = None
    """real: in real time, newest frame wins (the default of standard input); fast: every frame."""
    fps: Fps = 30.0
    """Frames a second of a file with pace=real; standard input keeps time itself."""
    stride: Annotated[int, Within(1, 8 * MAX_SIDE)] | None = None
    """Bytes from one row to the next where rows are padded, as the Pi's capture tools write them; by default
    rows are not padded. The colour planes of yuv420 have half of it."""

    def __post_init__(self) -> None:
        row = self.row_bytes
        if self.stride is not None and self.stride < row:
            raise UsageError(f"source raw: stride {self.stride}, wanted at least the {row} bytes of a row")
        if self.format == "yuv420" and any(side % 2 for side in (*self.size, self.stride or 0)):
            width, height = self.size
            raise UsageError(f"source raw: yuv420 of {width}x{height}, wanted even sides and an even stride")

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of pixels without padding; of yuv420 one of the brightness plane."""
        return self.size[0] * {"rgb24": 3, "bgr24": 3}.get(self.format, 1)

    @property
    def rows(self) -> int:
        """Rows of `stride` bytes in a frame."""
        return self.size[1] * 3 // 2 if self.format == "yuv420" else self.size[1]


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
        self._stream = stream or _open(place, options)
        self._buffer = np.empty((options.rows, options.stride or options.row_bytes), np.uint8)
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
        total = sequence * self._buffer.nbytes + got
        reason = f"{self._label}: cut short, or not what was written: {_misfit(total, self._options)}"
        return Unreadable(f"{self._label}#{sequence:06d}", reason, sequence, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration after the frame in hand."""
        self._closed = True


def to_bgr(stored: NDArray[np.uint8], options: RawOptions) -> NDArray[np.uint8]:
    """(H, W, 3) blue green red of a frame's rows (rows, stride); never the same memory."""
    import cv2

    width, height = options.size
    if options.format == "yuv420":
        planes = _without_padding(stored, width, height)
        return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), np.uint8)
    rows = stored[:, : options.row_bytes]
    if options.format == "gray8":
        return np.asarray(cv2.cvtColor(rows, cv2.COLOR_GRAY2BGR), np.uint8)
    pixels = rows.reshape(height, width, 3)
    return pixels.copy() if options.format == "bgr24" else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))


def _without_padding(stored: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """(H * 3 / 2, W) planes of I420 from padded rows; those of U and V have half the stride."""
    if stored.shape[1] == width:
        return stored
    luma = stored[:height, :width]
    chroma = stored[height:].reshape(height, -1)[:, : width // 2]
    return np.concatenate([luma.ravel(), chroma.ravel()]).reshape(-1, width)


def _misfit(total: int, options: RawOptions) -> str:
    """Why so many bytes are no whole number of frames, and which padding of the rows would explain them."""
    row = options.stride or options.row_bytes
    frame = row * options.rows
    whole = total // frame
    frames = "frame" if whole == 1 else "frames"
    text = f"{total} bytes are {whole} {frames} of {frame} bytes and {total % frame} more"
    paddings = {-(-row // align) * align for align in (16, 32, 64, 128)} - {row}
    fitting = sorted(stride for stride in paddings if total and total % (stride * options.rows) == 0)
    hint = f"; rows may be padded: stride={fitting[0]}" if fitting else "; check size, format and stride"
    return text + hint


def _open(place: str, options: RawOptions) -> BinaryIO:
    if place == STDIN:
        # Not sys.stdin: its lock, held by a thread that waits for input, is fatal when the program ends.
        return open(0, "rb", buffering=0, closefd=False)
    path = path_of(place)
    if not is_anything(path) or is_folder(path):
        raise BadInputError(f"no file or pipe at {path}; check the path, or write raw:- for standard input")
    try:
        stream = path.open("rb", buffering=0)
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error
    if is_file(path) and path.stat().st_size % ((options.stride or options.row_bytes) * options.rows):
        stream.close()
        raise BadInputError(f"{path}: {_misfit(path.stat().st_size, options)}")
    return stream


def open_raw(address: Address[RawOptions], _: CameraSettings) -> FrameSource:
    """The frames of a pipe or file.

    Raises:
        BadInputError: the file cannot be read.
    """
    options, piped = address.options, address.place == STDIN
    raw = RawSource(address.place, options)
    if (options.pace or ("real" if piped else "fast")) == "fast":
        return raw
    due = None if piped else at_rate(options.fps)
    return LiveSource(raw.name, lambda: PlayedCamera(raw, due), patience=ENDLESS)


SCHEME = Scheme(
    "raw:FILE or raw:- for standard input",
    "frames without a header, each exactly once",
    RawOptions,
    open_raw,
    is_path=True,
)
