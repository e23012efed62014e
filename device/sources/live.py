"""A live source read in a thread of its own, so that the loop always gets the newest frame."""

import time
from collections.abc import Iterator
from threading import Thread

from device.frame import Frame, FrameSource, Unreadable
from device.latest import LatestFrame

PATIENCE_SECONDS = 2.0
"""Silence after which the camera is reported; it may be blocked inside its driver."""

CLOSE_SECONDS = 0.5
"""How long closing waits for the thread; a blocked one is left to end with the process."""


class LiveSource(FrameSource):
    """Another live source with a one-frame slot between it and the loop."""

    live = True

    def __init__(self, camera: FrameSource, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Reading starts with the iteration.

        Args:
            camera: iterated in the thread; its `close` only asks a running iteration to end.
            patience_seconds: silence after which an Unreadable says so.
        """
        self.name = camera.name
        self._camera = camera
        self._patience_seconds = patience_seconds
        self._slot = LatestFrame()
        # A daemon thread: a read that never returns must not keep the program alive.
        self._thread = Thread(target=self._capture, name=f"capture {camera.name}", daemon=True)
        self._ending = False
        self._awaited = 0

    @property
    def skipped(self) -> int:
        """Frames that were captured or due but replaced by a newer one."""
        return self._slot.skipped + self._camera.skipped

    def _capture(self) -> None:
        try:
            for item in self._camera:
                if not self._slot.put(item):
                    break
            self._ending = True
        finally:
            self._camera.close()
            self._slot.close()

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """The newest frame each time; an Unreadable when none has come for a while.

        Raises:
            RuntimeError: the capture thread died; its traceback went to stderr.
        """
        self._thread.start()
        while True:
            item = self._slot.take(self._patience_seconds)
            if item is not None:
                self._awaited = item.sequence + isinstance(item, Frame)
                yield item
            elif not self._slot.closed:
                yield self._silence()
            elif self._ending:
                return
            else:
                raise RuntimeError(f"the capture thread of {self.name} died, see its traceback above")

    def _silence(self) -> Unreadable:
        reason = f"{self.name} has given no frame for {self._patience_seconds:g} s; still waiting"
        return Unreadable(None, reason, self._awaited, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration and the thread; returns within a second even if a read is blocked."""
        self._ending = True
        self._slot.close()
        self._camera.close()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)
