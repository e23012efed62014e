"""Play stored frames in real time, as if a camera gave them."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from threading import Event

from device.sources.frame import Frame, FrameSource, Pause, Unreadable

Due = Callable[[Frame | Unreadable], int]
"""When a frame is due, in nanoseconds from the start."""


def at_rate(fps: float) -> Due:
    """Frames at an even rate, by their number."""
    return lambda item: int(item.sequence * 1e9 / fps)


class PlayedCamera:
    """A camera over a source that does not keep real time itself."""

    def __init__(
        self,
        source: FrameSource,
        due: Due | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Time starts with the first frame.

        Args:
            source: iterated once; its frames are taken as they are.
            due: when each frame is due; None when the source keeps time itself.
            clock_ns: monotonic nanoseconds.
            wait: sleeps so many seconds; by default until then or until the camera is stopped.
        """
        self._source = source
        self._due = due
        self._clock_ns = clock_ns
        self._stopped = Event()
        self._wait = wait or self._stopped.wait
        self._start_ns: int | None = None

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Each frame when it is due."""
        for item in self._source:
            if isinstance(item, Pause):
                continue
            captured_ns = self._when_due(item)
            if self._stopped.is_set():
                return
            timed = item.captured_ns == captured_ns
            yield item if timed else dataclasses.replace(item, captured_ns=captured_ns)

    def _when_due(self, item: Frame | Unreadable) -> int:
        """Sleep until a frame's time has come; monotonic nanoseconds then."""
        if self._due is None:
            return item.captured_ns
        offset_ns = self._due(item)
        if self._start_ns is None:
            self._start_ns = self._clock_ns() - offset_ns
        ahead_ns = self._start_ns + offset_ns - self._clock_ns()
        if ahead_ns > 0:
            self._wait(ahead_ns / 1e9)
        return self._clock_ns()

    def stop(self) -> None:
        """End the source."""
        self._stopped.set()
        self._source.close()

    def close(self) -> None:
        """End the source."""
        self.stop()
