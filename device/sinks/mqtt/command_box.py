"""Commands on their way from the link's thread to the daemon's loop: few, slowly, and never an exception.

Whoever can reach the broker can send commands, so what they cost is bounded: beyond the rate they are
counted and dropped unread, and one reply a second says so.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from device.contract.errors import BadInputError
from device.messages.commands import MAX_COMMAND_BYTES, BadCommand, Command, parse_command
from device.support.token_bucket import TokenBucket

BURST = 16
"""Commands that are taken at once ..."""

COMMANDS_PER_SECOND = 4.0
"""... and how fast room for more comes back."""

REFUSAL_SECONDS = 1.0
"""Between two replies that say that there were too many."""

TOO_MANY = f"too many commands, at most {COMMANDS_PER_SECOND:g} a second are taken; send it again"
RETAINED = "a retained command is ignored, or it would be obeyed at every start; send it without retain"


class CommandBox:
    """One thread puts, another takes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._waiting: deque[Command | BadCommand] = deque()
        self._bucket = TokenBucket(COMMANDS_PER_SECOND, BURST, clock)
        self._refused_at = -float("inf")

    def put(self, line: bytes, *, retained: bool = False) -> None:
        """Receive one line."""
        with self._lock:
            if self._has_room():
                self._waiting.append(BadCommand(_printable(line), RETAINED) if retained else understand(line))
            elif self._clock() - self._refused_at >= REFUSAL_SECONDS and len(self._waiting) <= BURST:
                self._refused_at = self._clock()
                self._waiting.append(BadCommand(_printable(line), TOO_MANY))

    def _has_room(self) -> bool:
        """Whether one more may be taken; nothing queues behind a loop that takes nothing."""
        if not self._bucket.has_tokens or len(self._waiting) >= BURST:
            return False
        self._bucket.spend()
        return True

    def take(self) -> list[Command | BadCommand]:
        """Commands that have come since the last call, oldest first."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken


def understand(line: bytes) -> Command | BadCommand:
    """A line as a command, or why it is none."""
    try:
        return parse_command(line)
    except BadInputError as error:
        return BadCommand(_printable(line), str(error))


def _printable(line: bytes) -> str:
    head = line[:MAX_COMMAND_BYTES].decode("utf-8", errors="replace")
    return "".join(c if c.isprintable() else " " for c in head).strip()
