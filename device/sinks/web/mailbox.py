"""What waits to be sent to one viewer: the newest frame, the newest picture, a few other messages."""

import asyncio
from collections import deque

NOTES_KEPT = 32
"""Newest messages other than frames that are kept: the memory that a viewer who reads nothing costs."""


class Mailbox:
    """Filled and emptied in one event loop; filling never waits."""

    def __init__(self) -> None:
        self._filled = asyncio.Event()
        self._notes: deque[bytes] = deque(maxlen=NOTES_KEPT)
        self._frame: bytes | None = None
        self._picture: bytes | None = None
        self.skipped = 0
        """Frames that were replaced before the viewer could take them."""

    def put_frame(self, line: bytes) -> None:
        """Replace the waiting frame: the newest wins."""
        self.skipped += self._frame is not None
        self._frame = line
        self._filled.set()

    def put_picture(self, data: bytes) -> None:
        """Replace the waiting picture."""
        self._picture = data
        self._filled.set()

    def put_note(self, line: bytes) -> None:
        """Add another message; the oldest is dropped when there are too many."""
        self._notes.append(line)
        self._filled.set()

    async def take(self) -> tuple[bytes, bool]:
        """Wait for the next message and whether it is text: notes first, then the frame, then the picture."""
        while True:
            if self._notes:
                return self._notes.popleft(), True
            if self._frame is not None:
                line, self._frame = self._frame, None
                return line, True
            if self._picture is not None:
                data, self._picture = self._picture, None
                return data, False
            self._filled.clear()
            await self._filled.wait()
