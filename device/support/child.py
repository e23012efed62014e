"""Child processes for code that can crash or hang: a fault of a library there is an error here, in time.

The two talk in short messages over a socket; large data lies in shared memory.
"""

import fcntl
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

MAX_MESSAGE_BYTES = 4096
"""Of one message; arrays go through the shared memory."""

KILL_SECONDS = 1.0
"""How long to wait for a killed child to end; one that is blocked in the kernel ends when it can."""

PACKAGE_HOME = Path(__file__).parents[2]


class ChildError(Exception):
    """The child has died, or has not answered in time; the message says which."""


class Child:
    """A child process, as its parent sees it."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start the process.

        Args:
            module: run as `python -m MODULE`; its `main` makes a `Parent` of its arguments.
            arguments: for it, after those that `Parent` takes.
        """
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._memory_fd = os.memfd_create(module)
        # Nothing is ever written to it: its end tells the child that this process is gone.
        lifeline, self._lifeline = os.pipe()
        handles = (theirs.fileno(), self._memory_fd, lifeline)
        with theirs, os.fdopen(lifeline):
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, handles), *arguments],
                pass_fds=handles,
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a library prints must not get into the stream
                env={**os.environ, "PYTHONPATH": _python_path()},
            )

    @property
    def process_id(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def send(self, message: bytes) -> None:
        """Send one message.

        Raises:
            ChildError: it has died.
        """
        try:
            self._socket.send(message)
        except OSError as error:
            raise self._death() from error

    def receive(self, seconds: float) -> bytes:
        """Wait for one message.

        Raises:
            ChildError: it has died, or is silent for so many seconds.
        """
        self._socket.settimeout(seconds)
        try:
            message = self._socket.recv(MAX_MESSAGE_BYTES)
        except TimeoutError as error:
            raise ChildError(f"does not answer for {seconds:g} s") from error
        except OSError as error:
            raise self._death() from error
        if not message:
            raise self._death()
        return message

    def ask(self, message: bytes, seconds: float) -> bytes:
        """Send a message and wait for the answer.

        Raises:
            ChildError: it has died, or is silent for so many seconds.
        """
        self.send(message)
        return self.receive(seconds)

    def memory(self) -> mmap.mmap:
        """The shared memory, as large as the child has made it; stays readable after its death."""
        return mmap.mmap(self._memory_fd, 0)

    def _death(self) -> ChildError:
        """The error that says how the child ended."""
        try:
            code = self._process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            return ChildError("hung up without ending")
        if code < 0:
            return ChildError(f"died of {signal.Signals(-code).name}")
        return ChildError(f"ended with exit code {code}")

    def interrupt(self) -> None:
        """Kill the child, so that whoever waits for an answer gets a ChildError; from any thread."""
        self._process.kill()

    def close(self) -> None:
        """Kill the child and release the memory; a device that the child held is free then."""
        self._process.kill()
        self._socket.close()
        if self._memory_fd >= 0:
            os.close(self._memory_fd)
            os.close(self._lifeline)
            self._memory_fd = -1
        try:
            self._process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            return


def _python_path() -> str:
    """PYTHONPATH with which the child finds this package, whatever the working folder."""
    return os.pathsep.join(filter(None, (str(PACKAGE_HOME), os.environ.get("PYTHONPATH"))))


class Parent:
    """The parent, as the child process sees it."""

    def __init__(self, arguments: list[str]) -> None:
        """Take the handles from the first arguments; arrange to die with the parent, even while hung."""
        self._socket = socket.socket(fileno=int(arguments[0]))
        self._memory_fd, lifeline = int(arguments[1]), int(arguments[2])
        self.arguments = arguments[3:]
        """The arguments after the handles."""
        # The kernel sends SIGIO when the lifeline ends, and SIGIO ends a process that does nothing about
        # it, whatever Python is doing. (PR_SET_PDEATHSIG would do so when the parent's thread ends.)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)
        if select.select([lifeline], [], [], 0)[0]:
            raise SystemExit("the parent has ended")
        # Ctrl-C goes to the whole group of processes; only the parent decides when this one ends.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def receive(self) -> bytes:
        """Wait for one message; it is empty when the parent has ended."""
        return self._socket.recv(MAX_MESSAGE_BYTES)

    def send(self, message: str) -> None:
        """Send one message, cut to MAX_MESSAGE_BYTES."""
        self._socket.send(message.encode()[:MAX_MESSAGE_BYTES])

    def share(self, size: int) -> mmap.mmap:
        """Make the shared memory `size` bytes large, and map it."""
        os.ftruncate(self._memory_fd, size)
        return mmap.mmap(self._memory_fd, size)
