"""A way from the device to this program."""

from typing import Protocol

from device.contract.errors import LandmarksError

BACKOFF_SECONDS = (0.1, 1.6)
"""First wait before connecting again, doubling to the second."""

MAX_BYTES = 1_000_000
"""Of one message; a frame with 64 faces has a fifth of it."""


class Listener(Protocol):
    """What a way tells, from a thread of its own."""

    def up(self) -> None:
        """Messages can come now."""
        ...

    def down(self, reason: str) -> None:
        """None can come for a while; the way tries again by itself."""
        ...

    def end(self, error: LandmarksError | None) -> None:
        """None will come any more: a recording is over (None), or somebody must change something."""
        ...

    def hear(self, data: bytes) -> None:
        """One message, JSON or CBOR."""
        ...


class Way(Protocol):
    """Opened once, closed once."""

    def open(self, listener: Listener) -> None:
        """Begin; returns at once."""
        ...

    def close(self) -> None:
        """End; the listener hears no more."""
        ...
