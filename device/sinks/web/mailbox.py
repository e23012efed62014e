"""What waits for one viewer: the newest frame, the newest picture and a few other messages."""

import asyncio
from collections import deque

NOTES_KEPT = 32
"""Of the newest messages that are no frames: a viewer that reads nothing costs no more memory than that."""


class Mailbox:
    """Filled and emptied in one event loop; filling never waits."""

    def __init__(self) -> None:
        """Empty."""
        self._filled = asyncio.Event()
        self._notes: deque[bytes] = deque(maxlen=NOTES_KEPT)
        self._frame: bytes | None = None
        self._picture: bytes | None = None
        self.skipped = 0
        """Frames that were replaced before the viewer could take them."""

    def put_frame(self, line: bytes) -> None:
        """Replace the frame that waits: the newest wins."""
        self.skipped += self._frame is not None
        self._frame = line
        self._filled.set()

    def put_picture(self, data: bytes) -> None:
        """Replace the picture that waits."""
        self._picture = data
        self._filled.set()

    def put_note(self, line: bytes) -> None:
        """Add a message that is no frame; the oldest goes when there are too many."""
        self._notes.append(line)
        self._filled.set()

    async def take(self) -> tuple[bytes, bool]:
        """The next to send and whether it is text: notes first, then the frame, then the picture."""
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
