"""A transport brings the messages of one device to this program."""

from typing import Protocol

from device.contract.errors import LandmarksError

BACKOFF_SECONDS = (0.1, 1.6)
"""First pause before connecting again; it doubles up to the second."""

MAX_BYTES = 1_000_000
"""The longest message that is read; a frame with 64 faces has a fifth of this."""


class Listener(Protocol):
    """Gets the events of a transport, on the transport's own thread."""

    def up(self) -> None:
        """The device is reachable; messages can come."""
        ...

    def down(self, reason: str) -> None:
        """The device cannot be reached; the transport keeps trying."""
        ...

    def end(self, error: LandmarksError | None) -> None:
        """No more messages will come: a recording is over (None), or trying again would not help."""
        ...

    def receive(self, data: bytes) -> None:
        """Take one message, JSON or CBOR."""
        ...


class Transport(Protocol):
    """A connection to one device; opened once, closed once."""

    def open(self, listener: Listener) -> None:
        """Start to connect; returns at once."""
        ...

    def close(self) -> None:
        """Disconnect; the listener gets no more events."""
        ...
