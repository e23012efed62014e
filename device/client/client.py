"""Reads the stream and hands it over as typed values: the newest frame wins, nothing else is lost."""

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

import orjson

from device.client.clock import DeviceClock
from device.client.transport import MAX_BYTES, Way
from device.contract.errors import BadInputError, LandmarksError, UsageError
from device.messages.cbor import decode_binary
from device.messages.json_decoder import decode_message
from device.messages.messages import SCHEMA, FrameMessage, Health, Message, Status
from device.sinks.web.address import TOKEN_VARIABLE
from device.support.extras import needs_extra

NOTES_KEPT = 1024
"""Of the newest messages that are no frames, while nobody takes them."""

FIRST_BYTE_OF_BINARY = 0x80
"""From here on a message's first byte is CBOR's; JSON begins in ASCII."""


class ConnectionState(StrEnum):
    """How the way to the device is."""

    CONNECTING = "connecting"
    LIVE = "live"
    OFFLINE = "offline"
    ENDED = "ended"


@dataclass(frozen=True)
class Connection:
    """The way to the device has changed."""

    state: ConnectionState
    """How it is now."""
    reason: str = ""
    """One line for people."""


class LandmarkClient:
    """The stream of one device; made by `connect`.

    Iterating yields `FrameMessage`, `Health`, `Status`, `FaceLost`, `ErrorMessage`, `Reply` and
    `OtherMessage` as `device.messages` defines them, and `Connection` whenever the way
    breaks or heals. It ends when the client is closed or a recording is over.
    """

    def __init__(self, way: Way) -> None:
        """Nothing is opened yet."""
        self.clock = DeviceClock()
        """The device's clock."""
        self.connection = Connection(ConnectionState.CONNECTING)
        """How the way to the device is."""
        self.frame: FrameMessage | None = None
        """The newest frame, taken or not."""
        self.health: Health | None = None
        """The newest figures of the device."""
        self.status: Status | None = None
        """The newest state of its parts."""
        self.bad = 0
        """Messages that could not be used."""
        self.bad_reason = ""
        """Of the last of them."""
        self.skipped = 0
        """Frames replaced by a newer one before they were taken."""
        self._way = way
        self._changed = Condition()
        self._notes: deque[Message | Connection] = deque(maxlen=NOTES_KEPT)
        self._waiting: FrameMessage | None = None
        self._error: LandmarksError | None = None

    def open(self) -> Self:
        """Begin."""
        self._way.open(self)
        return self

    def close(self) -> None:
        """End; whoever iterates comes to its end."""
        self._way.close()
        self.end(None)

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __iter__(self) -> Iterator[Message | Connection]:
        """Everything that comes, until the end.

        Raises:
            LandmarksError: the device refuses us, or speaks another form of the stream.
        """
        while (message := self.take()) is not None:
            yield message

    def frames(self) -> Iterator[FrameMessage]:
        """Only the frames, until the end.

        Raises:
            LandmarksError: as in iterating.
        """
        return (message for message in self if isinstance(message, FrameMessage))

    def take(self, timeout: float | None = None) -> Message | Connection | None:
        """The next to look at: what is no frame first, in order, then the newest frame.

        Args:
            timeout: seconds to wait; None waits for as long as it takes.

        Returns:
            None when nothing came in time, or nothing will come any more.

        Raises:
            LandmarksError: as in iterating.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._notes or self._waiting or self._ended, timeout)
            if self._notes:
                return self._notes.popleft()
            if self._waiting is not None:
                frame, self._waiting = self._waiting, None
                return frame
            if self._error is not None:
                raise self._error
            return None

    def age_ms(self, frame: FrameMessage) -> float:
        """Milliseconds since the frame was captured; NaN while the device's clock is not known."""
        return _now_ms() + self.clock.offset - frame.captured_ns / 1e6

    @property
    def _ended(self) -> bool:
        return self.connection.state is ConnectionState.ENDED

    # Called by the way, in its own thread.

    def up(self) -> None:
        """Messages can come now."""
        # A device that was started again has another clock.
        self.clock.reset()
        self._tell(Connection(ConnectionState.LIVE))

    def down(self, reason: str) -> None:
        """None can come for a while."""
        self._tell(Connection(ConnectionState.OFFLINE, reason))

    def end(self, error: LandmarksError | None) -> None:
        """None will come any more."""
        with self._changed:
            if not self._ended:
                self._error = error
                self.connection = Connection(ConnectionState.ENDED, str(error or ""))
                self._changed.notify_all()

    def hear(self, data: bytes) -> None:
        """Take in one message; what cannot be used is counted and left out."""
        received = _now_ms()
        try:
            message = self._read(data, received)
        except BadInputError as error:
            self.bad, self.bad_reason = self.bad + 1, str(error)
            return
        if isinstance(message, FrameMessage):
            self._on_frame(message, received)
        elif message is not None:
            self._on_note(message)

    def _read(self, data: bytes, received: float) -> Message | None:
        """A message; None for what concerns only the clock, or ends everything.

        Raises:
            BadInputError: it cannot be used.
        """
        if len(data) > MAX_BYTES:
            raise BadInputError(f"message of {len(data)} bytes, at most {MAX_BYTES} are read")
        if data and data[0] >= FIRST_BYTE_OF_BINARY:
            return decode_binary(data)
        try:
            values = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise BadInputError(f"message is no line of JSON ({error})") from error
        if not isinstance(values, dict):
            raise BadInputError("message is no object")
        if isinstance(schema := values.get("schema"), int) and schema != SCHEMA:
            self.end(
                BadInputError(f"the device speaks schema {schema}, this client reads {SCHEMA}; update it")
            )
            return None
        if values.get("type") == "pong":
            self._on_pong(values, received)
            return None
        return decode_message(values)

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

    def _on_note(self, message: Message) -> None:
        if isinstance(message, Health):
            self.health = message
        elif isinstance(message, Status):
            self.status = message
        with self._changed:
            self._notes.append(message)
            self._changed.notify_all()

    def _tell(self, connection: Connection) -> None:
        """A change of the way; the same again is no news."""
        with self._changed:
            if not self._ended and connection != self.connection:
                self.connection = connection
                self._notes.append(connection)
                self._changed.notify_all()


def _now_ms() -> float:
    return time.monotonic_ns() / 1e6


def _web_way(address: str, token: str | None) -> Way:
    with needs_extra(f"a stream at {address}", "web"):
        from device.client.websocket import WebSocketWay
    return WebSocketWay(address, token or os.environ.get(TOKEN_VARIABLE))


def _broker_way(address: str, _: str | None) -> Way:
    from device.client.broker import BrokerWay
    from device.sinks import SINKS
    from device.sinks.mqtt.settings import read_mqtt_settings

    return BrokerWay(read_mqtt_settings(SINKS.parse(address), os.environ))


def _recording_way(address: str, _: str | None) -> Way:
    from device.client.recording import RecordingWay
    from device.daemon.replay import find_recording

    return RecordingWay(find_recording(address))


WAYS: dict[str, Callable[[str, str | None], Way]] = {
    "ws": _web_way,
    "wss": _web_way,
    "mqtt": _broker_way,
    "mqtts": _broker_way,
    "replay": _recording_way,
}
"""Each scheme of an address; a way's module is imported only when it is asked for."""


def connect(address: str, token: str | None = None) -> LandmarkClient:
    """Connect to a device and stay connected.

    Args:
        address: `ws://HOST:PORT/stream`, `mqtt://[USER@]HOST[:PORT]/DEVICE` or `replay:FILE?speed=2`;
            options as of the sink `mqtt:` and the source `replay:` (device/README.md).
        token: what a web sink asks for; None: the variable LANDMARKS_WEB_TOKEN, where it is set.

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: a file or certificate that cannot be read.
        MissingOutsideError: a package that such an address needs is not installed.
    """
    way = WAYS.get(address.partition(":")[0].lower())
    if way is None:
        raise UsageError(f"got {address!r}, wanted ws://HOST:PORT/stream, mqtt://HOST/DEVICE or replay:FILE")
    return LandmarkClient(way(address, token)).open()
