"""The sink `file:`: messages to a file, one a line, in pieces of a bounded size; `replay:` plays them.

A thread writes, so that a slow disk never holds a camera's daemon up. A line is in the file whole or not at
all: what a full disk has taken of a line is cut off again, and a power cut breaks at most the last line.
Of files every frame counts: there the daemon waits for a slow disk, and ends where it is full.
"""

import contextlib
import errno
import logging
import os
import queue
import stat
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

from device.config.address import Address, Scheme
from device.config.values import Within
from device.contract.errors import WriteFailedError
from device.contract.files import check_writable_place
from device.messages.messages import Message
from device.support.condition import Condition, State
from device.support.paths import path_of

log = logging.getLogger(__name__)

WAITING_LINES = 1000
"""Lines that wait for a slow disk: half a minute of a camera, 4 MB. Beyond this, lines are dropped."""

SYNC_SECONDS = 1.0
"""Between two syncs to the disk: what a power cut may cost."""

RETRY_SECONDS = 2.0
"""Between two attempts to write after one has failed."""

CLOSING_SECONDS = 3.0
"""Limit for writing what is left at the end."""

POLL_SECONDS = 0.1
"""How often a sink that waits for its disk looks whether the disk has failed or the daemon is ending."""


@dataclass(frozen=True)
class FileOptions:
    """Options of `file:`."""

    max_mb: Annotated[float, Within(0.001, 1e6)] = 100.0
    """Size of one piece, 10^6 bytes."""
    keep: Annotated[int, Within(0, 1000)] = 4
    """Older pieces that stay: PATH.1 is the newest of them."""


class Piece:
    """An open file that holds whole lines only."""

    def __init__(self, path: Path, size: int) -> None:
        """Open the file, and cut off everything beyond `size` bytes.

        Raises:
            OSError: it is no regular file or cannot be opened for writing.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        # O_NONBLOCK: opening a pipe would wait for its reader.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        self._file = os.open(path, flags, 0o644)
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._file)
            raise OSError(errno.EINVAL, "it is no regular file")
        self.size = min(size, found.st_size)
        """Bytes of whole lines."""
        os.ftruncate(self._file, self.size)
        self._synced_at = time.monotonic()

    def append(self, line: bytes) -> None:
        """Write one whole line, or none.

        Raises:
            OSError: the disk is full or gone.
        """
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            # Should this fail too, opening the next Piece cuts it off.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self.size)
            raise
        self.size += len(line)
        if time.monotonic() - self._synced_at > SYNC_SECONDS:
            os.fdatasync(self._file)
            self._synced_at = time.monotonic()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class FileSink:
    """Writes to PATH; PATH.1 is the piece before it, PATH.2 the one before that."""

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        """Begin a new piece; what an earlier run has left becomes PATH.1.

        Raises:
            WriteFailedError: the folder or file cannot be written, or a folder, pipe or device is at
                the path of one of the pieces.
        """
        self._path, self._max_bytes = path, max_bytes
        self._older = [Path(f"{path}.{number}") for number in range(1, keep + 1)]
        self._lines: queue.Queue[bytes | None] = queue.Queue(WAITING_LINES)
        self._size = 0
        self._retry_at = 0.0
        self._waits = False
        self._ending = Event()
        self._failure: OSError | None = None
        self._logged: set[str] = set()
        self.header = b""
        """What every piece begins with; set before the first message."""
        self.condition = Condition()
        """Degraded while the disk is too slow, lost while it takes nothing."""
        for piece in (path, *self._older):
            check_writable_place(piece)
        try:
            self._piece: Piece | None = self._next_piece()
        except OSError as error:
            raise WriteFailedError(
                f"cannot record to {path}: {error.strerror}; free space or choose another file"
            ) from error
        self._thread = Thread(target=self._run, name=f"recording {path.name}", daemon=True)
        self._thread.start()

    def wait_for_disk(self) -> None:
        """From now on wait for a slow disk, and fail where it takes no more."""
        self._waits = True

    def stop_waiting(self) -> None:
        """The daemon is ending: wait for the disk no longer than for a camera's."""
        self._ending.set()

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - other sinks read it
        """Queue one line for the writing thread; waits only if it was told to.

        Raises:
            RuntimeError: the writing thread has died of a fault of ours.
            WriteFailedError: the disk is full or gone, where it is waited for.
        """
        while not self._queued(line):
            if not self._waits or self._ending.is_set():
                self._note_dropped()
                break

    def _queued(self, line: bytes) -> bool:
        """Whether there was room for a line among those that wait."""
        if not self._thread.is_alive():
            raise RuntimeError("the thread that writes has died; its traceback is above")
        self._check_disk()
        try:
            self._lines.put(line, block=self._waits, timeout=POLL_SECONDS)
        except queue.Full:
            return False
        return True

    def _check_disk(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise WriteFailedError(
                f"cannot write {self._path}: {failure.strerror}; what fitted is kept: "
                "free space and run again"
            ) from failure

    def _note_dropped(self) -> None:
        if self.condition.state == State.OK:
            self._worsen(State.DEGRADED, f"the disk of {self._path} is too slow; messages are dropped")

    def close(self) -> None:
        """Write what is left: for at most CLOSING_SECONDS, unless the disk is waited for.

        Raises:
            WriteFailedError: the disk is full or gone, where it is waited for.
        """
        while self._waits and self._thread.is_alive() and not (self._ending.is_set() or self._lines.empty()):
            self._check_disk()
            time.sleep(POLL_SECONDS)
        try:
            self._lines.put(None, timeout=CLOSING_SECONDS)
        except queue.Full:
            return
        self._thread.join(CLOSING_SECONDS)
        self._check_disk()

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._piece is not None or time.monotonic() >= self._retry_at:
                self._write(line)
        if self._piece is not None:
            self._piece.close()

    def _write(self, line: bytes) -> None:
        """Write one line to the piece that has room for it; a failure leaves no piece open."""
        try:
            if self._piece is None:
                self._piece = Piece(self._path, self._size)
            if self._piece.size and self._piece.size + len(line) > self._max_bytes:
                self._piece.close()
                self._piece = None
                self._piece = self._next_piece()
            self._piece.append(line if self._piece.size else self.header + line)
            self._size = self._piece.size
        except OSError as error:
            self._give_up_piece(error)
        else:
            if self._lines.empty() or self.condition.state == State.LOST:
                self.condition = Condition()

    def _next_piece(self) -> Piece:
        """A new, empty piece; the older ones move up by one and the oldest is deleted.

        Raises:
            OSError: the folder cannot be written.
        """
        if self._path.is_file() and self._path.stat().st_size:
            pieces = [self._path, *self._older]
            pieces[-1].unlink(missing_ok=True)
            for newer, older in reversed(list(pairwise(pieces))):
                if newer.is_file():
                    newer.rename(older)
        self._size = 0
        return Piece(self._path, 0)

    def _give_up_piece(self, error: OSError) -> None:
        if self._piece is not None:
            self._piece.close()
            self._piece = None
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if self._waits:
            self._failure = error
        self._worsen(State.LOST, f"cannot record to {self._path}: {error.strerror}; trying again")

    def _worsen(self, state: State, reason: str) -> None:
        """Tell in the status, and once in the log: where this is the only sink, nobody reads the status."""
        self.condition = Condition(state, reason)
        if not self._waits and reason not in self._logged:
            self._logged.add(reason)
            log.warning("%s", reason)


def open_file(address: Address[FileOptions]) -> FileSink:
    """A recording at the path that the address names.

    Raises:
        WriteFailedError: the folder or file cannot be written, or is no regular file.
    """
    options = address.options
    return FileSink(path_of(address.place), round(options.max_mb * 1e6), options.keep)


SCHEME = Scheme(
    "file:PATH", "a recording, one message a line, which replay: plays", FileOptions, open_file, is_path=True
)
