"""Messages to standard output, a line each."""

import sys
from typing import BinaryIO

from device.events import Condition, Message


class StdoutSink:
    """Whole lines, each written out at once, so that a reader never waits for a full buffer.

    A reader that is slow holds the daemon up, and a live source then skips frames; one that goes away
    ends it (`BrokenPipeError`, which `run_program` takes for an ordinary end).
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        """Write to `stream`, by default standard output."""
        self._stream = stream or sys.stdout.buffer

    @property
    def condition(self) -> Condition:
        """Always well: a reader that goes away ends the daemon."""
        return Condition()

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - other sinks read it
        """Write one encoded message.

        Raises:
            BrokenPipeError: the reader has gone.
        """
        self._stream.write(line)
        self._stream.flush()

    def close(self) -> None:
        """Nothing is held back, so nothing is left to write; the stream itself is the process's."""
