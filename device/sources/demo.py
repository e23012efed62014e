"""A virtual camera moving over a picture of a face: everything can be tried without a camera."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from threading import Event

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.sources.camera.live import ENDLESS, LiveSource
from device.sources.camera.played import PlayedCamera
from device.sources.demo_path import SIDE, DemoPath
from device.sources.frame import Frame, FrameSource
from device.sources.framing import orient
from device.sources.options import Fps, Orientation, Size
from device.sources.settings import CameraSettings


@dataclass(frozen=True)
class DemoOptions(Orientation):
    """Options of `demo:`."""

    size: Size = DemoPath.size_wh
    """Of the frame."""
    fps: Fps = DemoPath.fps
    """Frames a second."""


def picture_at(picture: NDArray[np.uint8], path: DemoPath, sequence: int) -> NDArray[np.uint8]:
    """(H, W, 3) what the camera sees at one point of its path.

    Beyond the picture its border pixels are repeated: a reflection could show the face twice.

    Args:
        picture: (SIDE * n, SIDE * n, 3) uint8 BGR, n a whole number; `device.sources.demo_picture`.
        path: of the camera.
        sequence: number of the frame.
    """
    import cv2

    matrix = path.photo_to_frame(sequence).matrix
    scale = SIDE / picture.shape[1]
    # Pixels of a sharper picture are smaller, and its first one lies farther out.
    offset = matrix[:, 2] + matrix[:, :2] @ np.full(2, (scale - 1) / 2)
    view = cv2.warpAffine(
        picture,
        np.column_stack([matrix[:, :2] * scale, offset]),
        path.size_wh,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.convertScaleAbs(view, dst=view, alpha=path.brightness(sequence)), np.uint8)


class DemoSource(FrameSource):
    """The demo camera, in real time; `open_demo` puts a `LiveSource` around it."""

    name = "demo"
    live = True

    def __init__(
        self,
        picture: NDArray[np.uint8],
        options: DemoOptions | None = None,
        paced: bool = True,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Stand at the start of the path; time starts with the iteration.

        Args:
            picture: as `picture_at` takes it.
            options: size and rate of the camera, and how it is held.
            paced: whether to keep real time; otherwise every frame comes as soon as it is wanted.
            clock_ns: monotonic nanoseconds.
            wait: sleeps so many seconds; by default until then or until the source is closed.
        """
        self._picture, self._options = picture, options or DemoOptions()
        self.path = DemoPath(self._options.size, self._options.fps)
        self._paced = paced
        self._clock_ns = clock_ns
        self._closed = Event()
        self._wait = wait or self._closed.wait
        self._skipped = 0

    @property
    def skipped(self) -> int:
        """Frames that were due while an earlier one was still being made."""
        return self._skipped

    def __iter__(self) -> Iterator[Frame]:
        """Frames without end."""
        start_ns, half_period_ns = self._clock_ns(), round(0.5e9 / self.path.fps)
        for sequence, captured_ns in self._due(start_ns) if self._paced else self._each():
            # Drawn before it is due, since a camera's latency has no drawing in it, and long after the frame
            # before was handed over, since drawing would take a processor from those who work on that one.
            self._sleep_until(captured_ns - half_period_ns)
            image = orient(picture_at(self._picture, self.path, sequence), self._options)
            self._sleep_until(captured_ns)
            if not self._closed.is_set():
                yield Frame(image, sequence, captured_ns, public=True)

    def _sleep_until(self, instant_ns: int) -> None:
        while not self._closed.is_set() and (ahead_ns := instant_ns - self._clock_ns()) > 0:
            self._wait(ahead_ns / 1e9)

    def _each(self) -> Iterator[tuple[int, int]]:
        """Every frame number in turn, with the time now."""
        for sequence in count():
            if self._closed.is_set():
                return
            yield sequence, self._clock_ns()

    def _due(self, start_ns: int) -> Iterator[tuple[int, int]]:
        """Number of the next frame or, where several are due, of the newest, and when it is due."""
        awaited, period_ns = 0, 1e9 / self.path.fps
        while not self._closed.is_set():
            due = max(int((self._clock_ns() - start_ns) / period_ns), awaited)
            self._skipped += due - awaited
            awaited = due + 1
            yield due, start_ns + int(due * period_ns)

    def close(self) -> None:
        """End the iteration."""
        self._closed.set()


def open_demo(address: Address[DemoOptions], _: CameraSettings) -> FrameSource:
    """The demo camera in a thread of its own.

    Raises:
        MissingOutsideError: its picture is damaged.
    """
    from device.sources.demo_picture import demo_picture

    picture = demo_picture()
    return LiveSource("demo", lambda: PlayedCamera(DemoSource(picture, address.options)), patience=ENDLESS)


SCHEME = Scheme(
    "demo:", "a virtual camera that moves over a picture of a face", DemoOptions, open_demo, place="none"
)
