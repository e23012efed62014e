"""Where messages go, and the address that chooses it."""

from typing import Protocol

from device.contract.errors import UsageError
from device.events import Condition, Message
from device.sinks.stdout import StdoutSink
from device.suggestion import unknown_word

FORMS = {"stdout": "stdout:"}
"""Each scheme and how it is written."""


class Sink(Protocol):
    """Takes every message of the stream."""

    @property
    def condition(self) -> Condition:
        """How the way out does; becomes the status message's `broker`."""
        ...

    def publish(self, message: Message, line: bytes) -> None:
        """Send one message, never waiting for the reader longer than a frame lasts.

        Args:
            message: what is said.
            line: the same as a line of JSON with its line feed, encoded once for all sinks.
        """
        ...

    def close(self) -> None:
        """Send what is held back and let go of the connection."""
        ...


def open_sink(uri: str) -> Sink:
    """Open the sink that an address names (device/README.md, "Sinks").

    Raises:
        UsageError: an address that cannot be understood.
    """
    scheme, colon, place = uri.partition(":")
    if not colon or scheme not in FORMS:
        raise unknown_word("sink", uri if not colon else f"{scheme}:", FORMS.values())
    if place:
        raise UsageError(f"sink stdout: takes no place, got {place!r}; write stdout:")
    return StdoutSink()
