"""The modes that a Video4Linux camera can deliver, as its driver lists them (linux/videodev2.h)."""

import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_ENTRIES = 256
"""Of one list; a driver that never says "no more" is not believed."""

CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE and V4L2_FRMIVAL_TYPE_DISCRETE

COMPRESSED = ("MJPG", "JPEG", "H264", "HEVC")

Ioctl = Callable[[int, int, bytearray], object]
"""`fcntl.ioctl`; raises OSError."""


def _read_write(number: int, layout: struct.Struct) -> int:
    """The request code `_IOWR('V', number, struct)`."""
    return 3 << 30 | layout.size << 16 | ord("V") << 8 | number


# index, buffer type, flags, description, fourcc, media bus code, reserved
_FORMAT = struct.Struct("=3I32s4s4I")
ENUM_FORMATS = _read_write(2, _FORMAT)
# index, fourcc, kind, width and height or min, max, step of both, reserved
_SIZE = struct.Struct("=I4sI6I2I")
ENUM_SIZES = _read_write(74, _SIZE)
# index, fourcc, width, height, kind, seconds as fraction or min, max, step of them, reserved
_INTERVAL = struct.Struct("=I4s3I6I2I")
ENUM_INTERVALS = _read_write(75, _INTERVAL)


@dataclass(frozen=True)
class Mode:
    """One pixel format at one size, or a range of sizes."""

    pixel_format: str
    """Four letters, as the kernel has them: MJPG, YUYV."""
    min_wh: tuple[int, int]
    max_wh: tuple[int, int]
    max_fps: float
    """Frames a second, at `max_wh`; infinite where the driver does not say."""

    @property
    def is_compressed(self) -> bool:
        """Whether pictures come as JPEG or film."""
        return self.pixel_format in COMPRESSED

    def delivers(self, size_wh: tuple[int, int] | None, fps: float | None) -> bool:
        """Whether it has that size and rate; None is any."""
        fits = size_wh is None or all(
            least <= side <= most for least, side, most in zip(self.min_wh, size_wh, self.max_wh, strict=True)
        )
        # A rate of 29.97 is meant by 30.
        return fits and (fps is None or self.max_fps >= 0.99 * fps)


def list_modes(device: str, ioctl: Ioctl = fcntl.ioctl) -> list[Mode]:
    """Every mode of a camera; empty if it cannot be asked."""
    try:
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return []
    try:
        return list(_modes(lambda code, data: ioctl(handle, code, data)))
    finally:
        os.close(handle)


_Ask = Callable[[int, bytearray], object]


def _modes(ask: _Ask) -> Iterator[Mode]:
    for entry in _entries(ask, ENUM_FORMATS, _FORMAT, CAPTURE, 0, b"", b"\0" * 4, *[0] * 4):
        fourcc = entry[4]
        for sizes in _entries(ask, ENUM_SIZES, _SIZE, fourcc, 0, *[0] * 8):
            smallest, largest = _size_range(*sizes[2:8])
            yield Mode(fourcc.decode("latin-1"), smallest, largest, _max_fps(ask, fourcc, largest))


def _size_range(kind: int, *sides: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Smallest and largest (width, height) of one size, or of min, max, step of width and height."""
    if kind == DISCRETE:
        return (sides[0], sides[1]), (sides[0], sides[1])
    return (sides[0], sides[3]), (sides[1], sides[4])


def _max_fps(ask: _Ask, fourcc: bytes, size_wh: tuple[int, int]) -> float:
    entries = _entries(ask, ENUM_INTERVALS, _INTERVAL, fourcc, *size_wh, 0, *[0] * 8)
    # The first fraction of a range is its shortest interval.
    rates = [under / over for _, _, _, _, _, over, under, *_ in entries if over]
    return max(rates, default=float("inf"))


def _entries(ask: _Ask, code: int, layout: struct.Struct, *rest: object) -> Iterator[tuple]:  # type: ignore[type-arg]
    """Entries 0, 1, ... of a list, until the driver says that there are no more."""
    for index in range(MAX_ENTRIES):
        data = bytearray(layout.pack(index, *rest))
        try:
            ask(code, data)
        except OSError:
            return
        yield layout.unpack(data)


def needs_compression(modes: list[Mode], size_wh: tuple[int, int] | None, fps: float | None) -> bool:
    """Whether only JPEG pictures come at the wanted size and rate: uncompressed ones fill the cable."""
    fitting = {mode.pixel_format for mode in modes if mode.delivers(size_wh, fps)}
    return "MJPG" in fitting and fitting <= set(COMPRESSED)


def summary(modes: list[Mode]) -> str:
    """For people: each pixel format with its largest size, and the rate there."""
    largest: dict[str, Mode] = {}
    for mode in sorted(modes, key=lambda mode: (mode.max_wh[0] * mode.max_wh[1], mode.max_fps)):
        largest[mode.pixel_format] = mode
    return ", ".join(
        f"{name} up to {mode.max_wh[0]}x{mode.max_wh[1]}"
        + (f" at {mode.max_fps:g} fps" if mode.max_fps < float("inf") else "")
        for name, mode in largest.items()
    )
