"""One picture from a camera or a file, and the protocol of every source of pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture, as the stream's coordinates see it: after rotation and mirroring."""

    image: NDArray[np.uint8]
    """(H, W, 3) uint8, blue green red."""
    sequence: int
    """Number among the captured frames of its source, from 0; a gap is a skipped frame."""
    captured_ns: int
    """Monotonic nanoseconds (`time.monotonic_ns`) of the capture, or of the read from a file."""
    name: str | None = None
    """Path within the folder, or FILE#INDEX of a video; None for a camera."""
    fps: float | None = None
    """Frames a second of the video file that it is of."""
    public: bool = False
    """Whether anybody may see the picture, as of the demo's photograph; of a camera its owner decides."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height), pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True)
class Unreadable:
    """A frame that could not be read; it becomes an `error` message and the stream goes on."""

    name: str | None
    """As a frame's."""
    reason: str
    """One line: what was got, what was wanted."""
    sequence: int
    """Number of the frame that was awaited."""
    captured_ns: int
    """Monotonic nanoseconds of the failure."""


@dataclass(frozen=True)
class Pause:
    """No frame for a moment: a live source lets the loop do other work."""


class FrameSource(Protocol):
    """Gives frames. Iterate once; close from any thread; a `with` block closes it."""

    name: str
    """The stream's `source`: demo, images, video, cam0."""
    live: bool
    """Whether the newest frame wins; otherwise every frame comes exactly once, in order."""
    is_sequence: bool = True
    """Whether consecutive frames show one scene, so that faces are tracked from one to the next."""

    @property
    def skipped(self) -> int:
        """Frames captured or due so far that were never handed out; always 0 unless live."""
        return 0

    @property
    def length(self) -> int | None:
        """Number of frames from the beginning to the end, if it is known beforehand."""
        return None

    @property
    def stuck(self) -> bool:
        """Whether only the end of the process can bring frames back."""
        return False

    def __iter__(self) -> Iterator[Frame | Unreadable | Pause]:
        """Frames in order, until the source ends or is closed."""
        ...

    def close(self) -> None:
        """End the iteration and release the device or file; closing twice does no harm."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def streamable(text: str) -> str:
    r"""A file's name as UTF-8 can carry it: a byte that is not UTF-8 becomes `\xHH`, so that names differ."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
