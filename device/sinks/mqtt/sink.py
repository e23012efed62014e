"""Messages to a broker: frames newest-wins, events in order, and whether the device is there.

Topics and what they carry: device/README.md, "MQTT".
"""

import time

from device.messages.commands import BadCommand, Command, CommandBox
from device.messages.messages import FrameMessage, Health, Message
from device.sinks.mqtt.discovery import HOME_ASSISTANT_STATUS, discovery_parcels
from device.sinks.mqtt.link import MqttLink
from device.sinks.mqtt.outbox import Outbox, Parcel
from device.sinks.mqtt.round_trip import RoundTrip
from device.sinks.mqtt.settings import MqttSettings, read_mqtt_settings
from device.sinks.uri import SinkUri
from device.support.condition import Condition

START_SECONDS = 1.0
"""How long a start waits for the broker's welcome or refusal; after that it goes on and keeps trying."""

FACES_SECONDS = 0.5
"""The number of faces in view is told when it changes, but not more often than this."""


class MqttSink:
    """Topics of one device on one broker."""

    def __init__(self, settings: MqttSettings) -> None:
        """Nothing is connected yet.

        Raises:
            BadInputError: a certificate that cannot be used.
        """
        self._settings = settings
        self._outbox = Outbox()
        self._commands = CommandBox()
        self._link = MqttLink(
            settings,
            self._outbox,
            on_online=self._on_online,
            on_message=self._on_message,
            on_turn=self._on_turn,
        )
        self._round_trip = RoundTrip(settings, self._link)
        self._faces = -1
        self._faces_told = 0.0

    def start(self) -> None:
        """Connect; a broker that is not there yet is no error, it may start later than the device.

        Raises:
            BadInputError: the broker refuses the credentials, or its certificate is not trusted.
        """
        self._link.start(START_SECONDS)
        if self._link.refused is not None:
            self.close()
            raise self._link.refused

    @property
    def condition(self) -> Condition:
        """Whether the broker takes what it is sent."""
        return self._link.condition

    def publish(self, message: Message, line: bytes) -> None:
        """Leave one message for the sender's thread; never waits."""
        if isinstance(message, FrameMessage):
            self._publish_frame(message, line)
        elif isinstance(message, Health):
            self._outbox.put_newest(Parcel(self._topic("health"), line.rstrip()))
        else:
            self._outbox.put_event(Parcel(self._topic("events"), line.rstrip(), reliable=True))

    def _publish_frame(self, message: FrameMessage, line: bytes) -> None:
        # A frame that waits for a broker to come back would be old news.
        if not self._link.online:
            return
        payload = line.rstrip()
        if self._settings.encoding == "cbor":
            from device.messages.cbor import encode_binary

            payload = encode_binary(message)
        self._outbox.put_newest(Parcel(self._topic("frames"), payload))
        faces, now = len(message.faces), time.monotonic()
        if faces != self._faces and now - self._faces_told >= FACES_SECONDS:
            self._faces, self._faces_told = faces, now
            self._outbox.put_newest(Parcel(self._topic("faces"), b"%d" % faces, retain=True))

    def take_commands(self) -> list[Command | BadCommand]:
        """What has come on the command topic since the last call."""
        return self._commands.take()

    def take_round_trips_ms(self) -> list[float]:
        """Milliseconds from capture to arrival back here of the messages timed since the last call."""
        return self._round_trip.take_ms()

    def close(self) -> None:
        """Say `stopped`, send what is left for at most a second, disconnect."""
        self._outbox.put_event(Parcel(self._topic("status"), b"stopped", reliable=True, retain=True))
        self._link.close()

    def _topic(self, name: str) -> str:
        return f"{self._settings.topic}/{name}"

    def _on_online(self) -> None:
        """Said at every connection: the broker may have restarted and forgotten us, or told our will."""
        # What waited through the outage is old.
        self._outbox.forget(self._topic("frames"))
        self._link.subscribe(self._topic("command"), qos=1)
        self._outbox.put_newest(Parcel(self._topic("status"), b"online", reliable=True, retain=True))
        self._faces = -1
        self._round_trip.on_online()
        if self._settings.discovery:
            self._link.subscribe(HOME_ASSISTANT_STATUS)
            self._announce()

    def _on_turn(self) -> None:
        self._round_trip.turn()

    def _announce(self) -> None:
        for parcel in discovery_parcels(self._settings):
            self._outbox.put_newest(parcel)

    def _on_message(self, topic: str, payload: bytes) -> None:
        if topic == self._topic("command"):
            self._commands.put(payload)
        elif topic == self._topic("frames"):
            self._round_trip.on_frame(payload)
        elif topic == HOME_ASSISTANT_STATUS and payload == b"online":
            self._announce()


def open_mqtt(uri: SinkUri) -> MqttSink:
    """A running sink.

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: refused credentials, a certificate that is not trusted or cannot be read.
    """
    sink = MqttSink(read_mqtt_settings(uri))
    sink.start()
    return sink
