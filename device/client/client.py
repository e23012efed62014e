"""The client: typed messages from any transport; the newest frame wins, nothing else is dropped."""

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from threading import Condition
from types import TracebackType
from typing import Any, Self

from device.client.clock import DeviceClock
from device.client.transport import MAX_BYTES, Transport
from device.contract.errors import BadInputError, LandmarksError, UsageError
from device.messages.cbor import decode_binary
from device.messages.json_decoder import OtherMessage, OtherSchemaError, decode_line
from device.messages.messages import FrameMessage, Health, Message, Status
from device.sinks.web.address import TOKEN_VARIABLE
from device.support.extras import needs_extra

MAX_EVENTS = 1024
"""Messages other than frames that are kept until they are taken; beyond this the oldest is dropped."""

FIRST_BYTE_OF_BINARY = b"\x80"
"""From this value on, the first byte of a message means CBOR; JSON begins with ASCII."""


class ConnectionState(StrEnum):
    """State of the connection to the device."""

    CONNECTING = "connecting"
    LIVE = "live"
    OFFLINE = "offline"
    ENDED = "ended"


@dataclass(frozen=True)
class Connection:
    """A change of the connection to the device."""

    state: ConnectionState
    """The state now."""
    reason: str = ""
    """One line for people."""


class LandmarkClient:
    """The stream of one device; made by `connect`.

    Iterating yields `FrameMessage`, `Health`, `Status`, `FaceLost`, `ErrorMessage`, `Reply` and
    `OtherMessage` as `device.messages` defines them, and a `Connection` whenever the connection breaks or is
    restored. It ends when the client is closed or a recording is over.
    """

    def __init__(self, transport: Transport) -> None:
        self.clock = DeviceClock()
        """Estimate of the device's clock."""
        self.connection = Connection(ConnectionState.CONNECTING)
        """State of the connection to the device."""
        self.frame: FrameMessage | None = None
        """The newest frame, taken or not."""
        self.health: Health | None = None
        """The newest health message."""
        self.status: Status | None = None
        """The newest status message."""
        self.bad = 0
        """Messages that could not be used."""
        self.bad_reason = ""
        """Why the last of them could not be used."""
        self.skipped = 0
        """Frames replaced by a newer one before they were taken."""
        self._transport = transport
        self._changed = Condition()
        self._events: deque[Message | Connection] = deque(maxlen=MAX_EVENTS)
        self._waiting: FrameMessage | None = None
        self._error: LandmarksError | None = None

    def open(self) -> Self:
        """Start to connect."""
        self._transport.open(self)
        return self

    def close(self) -> None:
        """Disconnect; every iteration over the client ends."""
        self._transport.close()
        self.end(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Message | Connection]:
        """Every message, until the end.

        Raises:
            LandmarksError: the device refuses us, or speaks another form of the stream.
        """
        while (message := self.take()) is not None:
            yield message

    def frames(self) -> Iterator[FrameMessage]:
        """The frames only, until the end.

        Raises:
            LandmarksError: as in iterating.
        """
        return (message for message in self if isinstance(message, FrameMessage))

    def take(self, timeout: float | None = None) -> Message | Connection | None:
        """The next message: those that are no frames first, in order, then the newest frame.

        Args:
            timeout: seconds to wait at most; None waits without limit.

        Returns:
            None if nothing came in time, or nothing will come any more.

        Raises:
            LandmarksError: as in iterating.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._waiting or self._ended, timeout)
            if self._events:
                return self._events.popleft()
            if self._waiting is not None:
                frame, self._waiting = self._waiting, None
                return frame
            if self._error is not None:
                raise self._error
            return None

    def age_ms(self, frame: FrameMessage) -> float:
        """Milliseconds since the frame was captured; NaN while the device's clock is unknown."""
        return _now_ms() + self.clock.offset - frame.captured_ns / 1e6

    @property
    def _ended(self) -> bool:
        return self.connection.state is ConnectionState.ENDED

    # Called by the transport, on its own thread.

    def up(self) -> None:
        """The device is reachable."""
        # After a restart the device may have another clock.
        self.clock.reset()
        self._report(Connection(ConnectionState.LIVE))

    def down(self, reason: str) -> None:
        """The device cannot be reached for the moment."""
        self._report(Connection(ConnectionState.OFFLINE, reason))

    def end(self, error: LandmarksError | None) -> None:
        """No more messages will come."""
        with self._changed:
            if not self._ended:
                self._error = error
                self.connection = Connection(ConnectionState.ENDED, str(error or ""))
                self._changed.notify_all()

    def receive(self, data: bytes) -> None:
        """Take one message; one that cannot be used is counted and dropped."""
        received = _now_ms()
        try:
            message = _decode(data)
        except OtherSchemaError as error:
            self.end(BadInputError(f"the device speaks another version: {error}; update this program"))
        except BadInputError as error:
            self.bad, self.bad_reason = self.bad + 1, str(error)
        else:
            self._on_message(message, received)

    def _on_message(self, message: Message, received: float) -> None:
        if isinstance(message, FrameMessage):
            self._on_frame(message, received)
        elif isinstance(message, OtherMessage) and message.values["type"] == "pong":
            self._on_pong(message.values, received)
        else:
            self._on_event(message)

    def _on_pong(self, values: dict[str, Any], received: float) -> None:
        sent, device = values.get("sent_ms"), values.get("monotonic_ns")
        if isinstance(sent, int | float) and isinstance(device, int) and math.isfinite(sent):
            self.clock.add_ping(sent, received, device / 1e6)

    def _on_frame(self, frame: FrameMessage, received: float) -> None:
        self.clock.add_message(frame.published_ns / 1e6, received)
        with self._changed:
            self.skipped += self._waiting is not None
            self.frame = self._waiting = frame
            self._changed.notify_all()

    def _on_event(self, message: Message) -> None:
        if isinstance(message, Health):
            self.health = message
        elif isinstance(message, Status):
            self.status = message
        with self._changed:
            self._events.append(message)
            self._changed.notify_all()

    def _report(self, connection: Connection) -> None:
        """Note a change of the connection, unless it is in that state already."""
        with self._changed:
            if not self._ended and connection != self.connection:
                self.connection = connection
                self._events.append(connection)
                self._changed.notify_all()


def _now_ms() -> float:
    return time.monotonic_ns() / 1e6


def _decode(data: bytes) -> Message:
    """A message, JSON or CBOR.

    Raises:
        BadInputError: it cannot be used.
    """
    if len(data) > MAX_BYTES:
        raise BadInputError(f"message of {len(data)} bytes, at most {MAX_BYTES} are read")
    return decode_binary(data) if data[:1] >= FIRST_BYTE_OF_BINARY else decode_line(data)


def _web_transport(address: str, token: str | None) -> Transport:
    with needs_extra(f"a stream at {address}", "web"):
        from device.client.websocket import WebSocketTransport
    return WebSocketTransport(address, token or os.environ.get(TOKEN_VARIABLE))


def _broker_transport(address: str, _: str | None) -> Transport:
    from device.client.broker import BrokerTransport
    from device.sinks import SINKS
    from device.sinks.mqtt.settings import read_mqtt_settings

    return BrokerTransport(read_mqtt_settings(SINKS.parse(address), os.environ))


def _recording_transport(address: str, _: str | None) -> Transport:
    from device.client.recording import RecordingTransport
    from device.daemon.replay import find_recording

    return RecordingTransport(find_recording(address))


TRANSPORTS: dict[str, Callable[[str, str | None], Transport]] = {
    "ws": _web_transport,
    "wss": _web_transport,
    "mqtt": _broker_transport,
    "mqtts": _broker_transport,
    "replay": _recording_transport,
}
"""Opens each scheme of an address; the module of a transport is imported only when it is used."""


def connect(address: str, token: str | None = None) -> LandmarkClient:
    """Connect to a device and stay connected.

    Args:
        address: `ws://HOST:PORT/stream`, `mqtt://[USER@]HOST[:PORT]/DEVICE` or `replay:FILE?speed=2`;
            options as of the sink `mqtt:` and the source `replay:` (device/README.md).
        token: of a web sink; None reads the environment variable LANDMARKS_WEB_TOKEN, if it is set.

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: a file or certificate that cannot be read.
        MissingOutsideError: a package that such an address needs is not installed.
    """
    open_transport = TRANSPORTS.get(address.partition(":")[0].lower())
    if open_transport is None:
        raise UsageError(f"got {address!r}, wanted ws://HOST:PORT/stream, mqtt://HOST/DEVICE or replay:FILE")
    return LandmarkClient(open_transport(address, token)).open()
