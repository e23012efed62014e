"""The sink `stdout:`: messages to standard output, one a line."""

import os
import select
import sys
from threading import Event

from device.config.address import Address, NoOptions, Scheme
from device.contract.errors import WriteFailedError
from device.messages.messages import Message
from device.support.condition import Condition

POLL_SECONDS = 0.1
"""How often a sink that waits for its reader checks whether the daemon is ending."""


class StdoutSink:
    """Writes whole lines, each at once, so that a reader never waits for a full buffer.

    A slow reader holds the daemon up, and a live source then skips frames; a reader that goes away ends
    the daemon (`BrokenPipeError`, which `run_program` takes for an ordinary end).
    """

    def __init__(self, descriptor: int | None = None) -> None:
        """Write to a descriptor, by default to that of standard output.

        Raises:
            WriteFailedError: the program was started without a standard output.
        """
        # Python's own is None then; a file opened since may have its number.
        if descriptor is None and sys.stdout is None:
            raise WriteFailedError("standard output is closed; open it, or name another sink with --sink")
        self._descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self._ending, self._given_up = Event(), False

    @property
    def condition(self) -> Condition:
        """Always OK: a reader that goes away ends the daemon."""
        return Condition()

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - other sinks read it
        """Write one encoded message.

        Raises:
            OSError: the reader has gone (BrokenPipeError), or the disk behind standard output is full.
        """
        rest = memoryview(line)
        while rest and self._is_ready():
            # A pipe that is ready takes this much without waiting (POSIX, write).
            rest = rest[os.write(self._descriptor, rest[: select.PIPE_BUF]) :]

    def _is_ready(self) -> bool:
        """Wait until the reader takes more; False when it does not and the daemon is ending."""
        while not (self._given_up or select.select([], [self._descriptor], [], POLL_SECONDS)[1]):
            self._given_up = self._ending.is_set()
        return not self._given_up

    def stop_waiting(self) -> None:
        """Give up on a reader that takes nothing; the last line that it gets may be cut."""
        self._ending.set()

    def close(self) -> None:
        """Nothing is held back, and standard output itself belongs to the process."""


def open_stdout(_: Address[NoOptions]) -> StdoutSink:
    """Standard output.

    Raises:
        WriteFailedError: it is closed.
    """
    return StdoutSink()


SCHEME = Scheme(
    "stdout:", "standard output, one message a line as JSON", NoOptions, open_stdout, place="none"
)
