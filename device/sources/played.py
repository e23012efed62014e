"""Frames that are made or stored, played as if a camera gave them."""

import time
from collections.abc import Callable
from threading import Event

from device.sources.camera import BadShot, EndOfFrames, Shot
from device.sources.frame import FrameSource, Pause, Unreadable


class PlayedCamera:
    """A camera over a source that knows no hurry, in real time."""

    def __init__(
        self,
        source: FrameSource,
        fps: float | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Time starts with the first frame.

        Args:
            source: iterated once; its frames are taken as they are.
            fps: frames a second; None when the source keeps time itself.
            clock_ns: monotonic nanoseconds.
            wait: sleeps so many seconds; by default until then or until the camera is stopped.
        """
        self._source, self._items = source, iter(source)
        self._period_ns = 1e9 / fps if fps else 0.0
        self._clock_ns = clock_ns
        self._stopped = Event()
        self._wait = wait or self._stopped.wait
        self._begun_ns: int | None = None
        self._next = 0

    def read(self) -> Shot:
        """The next frame, when it is due.

        Raises:
            BadShot: the source says that a frame cannot be had.
            EndOfFrames: there are no more, or the camera was stopped.
        """
        item = next(self._items, None)
        if item is None:
            raise EndOfFrames
        if isinstance(item, Pause):
            raise BadShot("a source that pauses cannot be played")
        captured_ns = self._when_due(item.sequence, item.captured_ns)
        if self._stopped.is_set():
            raise EndOfFrames
        missed, self._next = item.sequence - self._next, item.sequence + 1
        if isinstance(item, Unreadable):
            raise BadShot(item.reason)
        return Shot(item.image, captured_ns, missed, item.name)

    def _when_due(self, number: int, made_ns: int) -> int:
        """Sleep until a frame's time has come; the time."""
        if not self._period_ns:
            return made_ns
        if self._begun_ns is None:
            self._begun_ns = self._clock_ns() - int(number * self._period_ns)
        due_ns = self._begun_ns + int(number * self._period_ns)
        ahead_ns = due_ns - self._clock_ns()
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
