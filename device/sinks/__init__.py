"""Sinks: where messages go, and the address that chooses one."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from device.messages.commands import BadCommand, Command
from device.messages.messages import Message
from device.sinks.uri import SinkUri, parse_sink_uri
from device.sources.frame import Frame
from device.support.condition import Condition
from device.support.extras import needs_extra


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
            line: the same as a line of JSON with its line feed, encoded once for all sinks.
        """
        ...

    def close(self) -> None:
        """Send what is held back and close the connection."""
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

    @property
    def wants_pictures(self) -> bool:
        """Whether anybody is looking now; otherwise no picture is encoded."""
        ...

    def show(self, frame: Frame) -> None:
        """Show a frame, just before its message is published; must return at once."""
        ...


@runtime_checkable
class RoundTripSink(Protocol):
    """A sink that measures how long its messages take through the broker and back."""

    def take_round_trips_ms(self) -> list[float]:
        """Milliseconds from capture to arrival back here, one for each message timed since the last call."""
        ...


@runtime_checkable
class BlockingSink(Protocol):
    """A sink that holds the daemon up until its reader takes more; an OSError from it ends the daemon."""

    def stop_waiting(self) -> None:
        """The daemon is ending: give up on a reader that takes nothing. For a signal handler."""
        ...


def _open_stdout(uri: SinkUri) -> Sink:
    from device.sinks.stdout import StdoutSink

    uri.check_no_place()
    return StdoutSink()


def _open_web(uri: SinkUri) -> Sink:
    with needs_extra("sink web:", "web"):
        from device.sinks.web.sink import open_web_sink
    return open_web_sink(uri)


def _open_file(uri: SinkUri) -> Sink:
    from device.sinks.file import open_file

    return open_file(uri)


def _open_mqtt(uri: SinkUri) -> Sink:
    from device.sinks.mqtt.sink import open_mqtt

    return open_mqtt(uri)


def _open_metrics(uri: SinkUri) -> Sink:
    with needs_extra("sink metrics:", "metrics"):
        from device.sinks.metrics import open_metrics
    return open_metrics(uri)


def _open_osf(uri: SinkUri) -> Sink:
    from device.sinks.avatar.osf import open_osf

    return open_osf(uri)


def _open_vmc(uri: SinkUri) -> Sink:
    from device.sinks.avatar.vmc import open_vmc

    return open_vmc(uri)


OPENERS: dict[str, Callable[[SinkUri], Sink]] = {
    "stdout": _open_stdout,
    "file": _open_file,
    "osc-vmc": _open_vmc,
    "udp-osf": _open_osf,
    "mqtt": _open_mqtt,
    "mqtts": _open_mqtt,
    "web": _open_web,
    "metrics": _open_metrics,
}
"""Each scheme of `device.sinks.uri.FORMS`; an opener imports its module only when it is asked for."""


def open_sink(uri: str) -> Sink:
    """Open the sink that an address names (device/README.md, "Sinks").

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: a broker that refuses the credentials, a certificate that cannot be used.
        MissingOutsideError: a port that is taken.
        WriteFailedError: a file that cannot be written.
    """
    parsed = parse_sink_uri(uri)
    return OPENERS[parsed.scheme](parsed)
