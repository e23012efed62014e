"""A camera read in a thread of its own, so that the loop always gets the newest frame.

The thread opens a camera that fails again. One that hangs inside its driver or its library cannot be
ended from outside: its thread is left behind and another one begins.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread

from device.sources.camera.latest import LatestFrame
from device.sources.camera.protocol import OpenCamera
from device.sources.camera.reader import CameraReader
from device.sources.frame import Frame, FrameSource, Pause, Unreadable
from device.sources.framing import UPRIGHT
from device.sources.options import Orientation

PAUSE_SECONDS = 0.2
"""How long the loop waits for a frame before it may do other work."""

CLOSE_SECONDS = 0.5
"""How long closing waits for the thread; a blocked one is left to end with the process."""

MAX_LEFT_BEHIND = 4
"""Hung capture threads that we tolerate. Beyond this the camera is no longer reopened: each keeps its
memory and may still hold the device."""

PERIODS = 3
"""A camera is silent only after so many periods of its frame rate, however short the patience."""


@dataclass(frozen=True)
class Patience:
    """How long a camera may take."""

    frame_seconds: float = 2.0
    """Silence after which it counts as hung."""
    open_seconds: float = 10.0
    """The same while it is being opened."""
    reopen: bool = True
    """Whether to open it again then; what cannot be opened twice is waited for."""

    @classmethod
    def for_rate(cls, frame_seconds: float, fps: float | None) -> "Patience":
        """Enough patience for a camera that gives `fps` frames a second."""
        return cls(max(frame_seconds, PERIODS / fps if fps else 0.0))


ENDLESS = Patience(reopen=False)
"""For files and pipes, which are played once."""


class _Capture:
    """One thread with its reader and its slot, until the camera hangs."""

    def __init__(self, reader: CameraReader, name: str) -> None:
        self.reader = reader
        self.slot = LatestFrame()
        self.ended = False
        # A daemon thread: a read that never returns must not keep the program alive.
        self.thread = Thread(target=self._capture, name=f"capture {name}", daemon=True)

    def _capture(self) -> None:
        try:
            for item in self.reader:
                if not self.slot.put(item):
                    break
            self.ended = True
        finally:
            self.slot.close()

    def stop(self) -> None:
        """Take nothing more from the thread and ask it to end."""
        self.slot.close()
        self.reader.stop()

    @property
    def died(self) -> bool:
        """Whether an unexpected error has ended the thread."""
        return self.slot.closed and not self.ended

    @property
    def skipped(self) -> int:
        return self.slot.skipped + self.reader.missed


class LiveSource(FrameSource):
    """A camera with a one-frame slot between it and the loop."""

    live = True

    def __init__(
        self,
        name: str,
        open_camera: OpenCamera,
        orientation: Orientation = UPRIGHT,
        patience: Patience | None = None,
        wait_for_camera: bool = False,
    ) -> None:
        """Open the camera; reading starts with the iteration.

        Args:
            name: the stream's.
            open_camera: called at once, then in the thread whenever the camera has failed.
            orientation: how the camera is held.
            patience: how long it may take.
            wait_for_camera: whether a camera that is not there yet is waited for.

        Raises:
            CameraError: it cannot be opened, unless it is to be waited for.
        """
        self.name = name
        self._open, self._orientation = open_camera, orientation
        self._patience = patience or Patience()
        camera = None if wait_for_camera else open_camera()
        self._capture = _Capture(CameraReader(open_camera, orientation, camera), name)
        self._left_behind: list[_Capture] = []
        self._skipped_before = 0
        self._closing = self._stuck = False
        self._awaited = 0

    @property
    def skipped(self) -> int:
        """Frames that were captured or due but replaced by a newer one."""
        return self._skipped_before + self._capture.skipped

    @property
    def stuck(self) -> bool:
        """Whether so many threads are blocked that the camera is no longer reopened."""
        return self._stuck

    def __iter__(self) -> Iterator[Frame | Unreadable | Pause]:
        """The newest frame each time; a Pause when none has come for a moment.

        May be left and taken up again: the camera goes on meanwhile.

        Raises:
            RuntimeError: the capture thread died; its traceback went to stderr.
        """
        if self._capture.died and not self._closing:
            self._replace_capture()
        elif self._capture.thread.ident is None:
            self._capture.thread.start()
        waiting_since = time.monotonic()
        while True:
            item = self._capture.slot.take(PAUSE_SECONDS)
            if item is not None:
                self._awaited = item.sequence + isinstance(item, Frame)
                self._stuck = False
                yield item
                waiting_since = time.monotonic()
            elif self._capture.slot.closed:
                if self._capture.died and not self._closing:
                    raise RuntimeError(f"the capture thread of {self.name} died, see its traceback above")
                return
            elif time.monotonic() - waiting_since >= self._patience_seconds():
                yield self._on_silence()
                waiting_since = time.monotonic()
            else:
                yield Pause()

    def _patience_seconds(self) -> float:
        opening = self._capture.reader.opening
        return self._patience.open_seconds if opening else self._patience.frame_seconds

    def _on_silence(self) -> Unreadable:
        """Leave the hung thread behind and start another, unless too many are blocked already."""
        what = "did not open" if self._capture.reader.opening else "gave no frame"
        hung = f"{self.name} {what} for {self._patience_seconds():g} s"
        if not self._patience.reopen:
            return self._silence(f"{hung}; still waiting")
        self._capture.reader.stop()
        self._left_behind = [capture for capture in self._left_behind if capture.thread.is_alive()]
        self._stuck = len(self._left_behind) >= MAX_LEFT_BEHIND
        if self._stuck:
            return self._silence(
                f"{hung}; its driver is blocked: unplug it and plug it in again, or restart the device"
            )
        self._capture.slot.close()
        self._left_behind.append(self._capture)
        self._replace_capture()
        return self._silence(f"{hung}; opening it again")

    def _replace_capture(self) -> None:
        self._skipped_before += self._capture.skipped
        reader = CameraReader(self._open, self._orientation, first=self._awaited)
        self._capture = _Capture(reader, self.name)
        self._capture.thread.start()

    def _silence(self, reason: str) -> Unreadable:
        return Unreadable(None, reason, self._awaited, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration and the thread; returns within a second even if a read is blocked."""
        self._closing = True
        self._capture.stop()
        if self._capture.thread.is_alive():
            self._capture.thread.join(CLOSE_SECONDS)
        elif self._capture.thread.ident is None:
            self._capture.reader.close()
