"""A slot between a camera's thread and the loop: the newest frame wins and nothing queues."""

from threading import Condition

from device.sources.frame import Frame, Unreadable


class LatestFrame:
    """Holds at most one frame. One thread puts, another takes."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._item: Frame | Unreadable | None = None
        self._closed = False
        self._skipped = 0

    @property
    def skipped(self) -> int:
        """Frames overwritten before they were taken."""
        return self._skipped

    @property
    def closed(self) -> bool:
        """Whether nothing more can be put; what was put before can still be taken."""
        return self._closed

    def put(self, item: Frame | Unreadable) -> bool:
        """Replace the content of the slot; False, and nothing kept, once the slot is closed."""
        with self._changed:
            if self._closed:
                return False
            self._skipped += isinstance(self._item, Frame)
            self._item = item
            self._changed.notify_all()
            return True

    def take(self, timeout_seconds: float) -> Frame | Unreadable | None:
        """Empty the slot; None when nothing came in time or the slot is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_seconds)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Refuse further items and wake whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
