"""Messages to standard output, a line each."""

import os
import select
import sys
from threading import Event

from device.messages.messages import Message
from device.support.condition import Condition

LOOK_SECONDS = 0.1
"""How often a sink that waits for its reader looks whether it still should."""


class StdoutSink:
    """Whole lines, each written out at once, so that a reader never waits for a full buffer.

    A reader that is slow holds the daemon up, and a live source then skips frames; one that goes away
    ends it (`BrokenPipeError`, which `run_program` takes for an ordinary end).
    """

    def __init__(self, descriptor: int | None = None) -> None:
        """Write to a file descriptor, by default standard output's."""
        self._descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self._ending, self._given_up = Event(), False

    @property
    def condition(self) -> Condition:
        """Always well: a reader that goes away ends the daemon."""
        return Condition()

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - other sinks read it
        """Write one encoded message.

        Raises:
            BrokenPipeError: the reader has gone.
        """
        rest = memoryview(line)
        while rest and self._is_ready():
            # What is ready takes this much without waiting (POSIX, write to a pipe).
            rest = rest[os.write(self._descriptor, rest[: select.PIPE_BUF]) :]

    def _is_ready(self) -> bool:
        """Wait until the reader takes more; False when it did not and the daemon is ending."""
        while not (self._given_up or select.select([], [self._descriptor], [], LOOK_SECONDS)[1]):
            self._given_up = self._ending.is_set()
        return not self._given_up

    def wait_no_more(self) -> None:
        """Give up on a reader that takes nothing: a line may be cut there, the last one that it gets."""
        self._ending.set()

    def close(self) -> None:
        """Nothing is held back, so nothing is left to write; the stream itself is the process's."""
