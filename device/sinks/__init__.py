"""Sinks: where messages go, and the address that chooses one."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from device.config.address import Address, Registry
from device.messages.commands import BadCommand, Command
from device.messages.messages import Message
from device.sources.frame import Frame
from device.support.condition import Condition


class Sink(Protocol):
    """Takes every message of the stream.

    An exception from any of its methods is a fault of ours: the daemon logs it, reports the sink as lost,
    and goes on with the others. What can go wrong outside is the sink's own `condition`.
    """

    @property
    def condition(self) -> Condition:
        """Health of this sink's connection; reported as `broker` in `status` messages."""
        ...

    def publish(self, message: Message, line: bytes) -> None:
        """Send one message, never waiting for the reader longer than a frame lasts.

        Args:
            message: the message.
            line: the same as a line of JSON with its line feed, encoded once for all sinks; empty for a frame
                whose line no sink wants.
        """
        ...

    def close(self) -> None:
        """Send what is held back and close the connection."""
        ...


@runtime_checkable
class ChoosingSink(Protocol):
    """A sink that does not read the line of every frame; the others do."""

    @property
    def wants_frame_lines(self) -> bool:
        """Whether it reads them now. Where no sink does, frames are not encoded."""
        ...


@runtime_checkable
class CommandSink(Protocol):
    """A sink that also receives commands; the daemon's loop fetches them at every frame."""

    def take_commands(self) -> list[Command | BadCommand]:
        """Those that have come since the last call, oldest first; each gets a `reply` message."""
        ...


@runtime_checkable
class PictureSink(Protocol):
    """A sink that can show pictures to people who are allowed to see them."""

    def show(self, frame: Frame) -> None:
        """Show a frame, just before its message is published, to whoever may see it; must return at once."""
        ...


@runtime_checkable
class RoundTripSink(Protocol):
    """A sink that measures how long its messages take through the broker and back."""

    def take_round_trips_ms(self) -> list[float]:
        """Milliseconds from capture to arrival back here, one for each message timed since the last call."""
        ...


@runtime_checkable
class SchemeSink(Protocol):
    """A sink that can use faces of one landmark scheme only; with another it is refused when it is opened."""

    needed_scheme: str
    """Name of the scheme."""


@runtime_checkable
class BlockingSink(Protocol):
    """A sink that holds the daemon up until its reader or disk takes more.

    An OSError or WriteFailedError from it ends the daemon.
    """

    def stop_waiting(self) -> None:
        """The daemon is ending: give up on a reader that takes nothing. For a signal handler."""
        ...


@runtime_checkable
class DiskSink(Protocol):
    """A sink that drops what a slow or full disk does not take, unless it is told that every frame counts."""

    def wait_for_disk(self) -> None:
        """From now on hold the daemon up until the disk takes more; a WriteFailedError ends it."""
        ...


OpenSink = Callable[[Address[Any]], Sink]

SINKS: Registry[OpenSink] = Registry(
    "sink",
    {
        "stdout": "device.sinks.stdout",
        "file": "device.sinks.file",
        "csv": "device.sinks.csv_file",
        "annotated": "device.sinks.annotated.sink",
        "mqtt": "device.sinks.mqtt.open",
        "mqtts": "device.sinks.mqtt.open",
        "udp-osf": "device.sinks.avatar.osf",
        "osc-vmc": "device.sinks.avatar.vmc",
        "udp-ifm": "device.sinks.avatar.ifm",
        "udp-livelink": "device.sinks.avatar.livelink",
        "web": "device.sinks.web.open",
        "metrics": "device.sinks.metrics",
    },
)
"""Each scheme and the module that declares it as `SCHEME`."""


def open_sink(uri: str) -> Sink:
    """Open the sink that an address names (device/README.md, "Sinks").

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: a broker that refuses the credentials, a certificate that cannot be used.
        MissingOutsideError: a port that is taken.
        WriteFailedError: a file that cannot be written.
    """
    address = SINKS.parse(uri)
    return SINKS.scheme(address.scheme).open(address)
