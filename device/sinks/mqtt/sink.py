"""The sink `mqtt:`: frames newest-wins, events in order, and whether the device is there.

Topics and what they carry: device/README.md, "MQTT".
"""

from device.messages.commands import BadCommand, Command
from device.messages.messages import FrameMessage, Health, Message, Status
from device.sinks.mqtt.command_box import CommandBox
from device.sinks.mqtt.discovery import HOME_ASSISTANT_STATUS, announcements
from device.sinks.mqtt.link import MqttLink
from device.sinks.mqtt.outbox import Outbox, Publication
from device.sinks.mqtt.presence import Presence
from device.sinks.mqtt.round_trip import RoundTrip
from device.sinks.mqtt.settings import MqttSettings
from device.sinks.outage import is_outage
from device.support.condition import Condition

START_SECONDS = 1.0
"""How long a start waits for the broker's welcome or refusal; after that it goes on and keeps trying."""


class MqttSink:
    """Topics of one device on one broker."""

    def __init__(self, settings: MqttSettings) -> None:
        """Prepare; `start` connects.

        Raises:
            BadInputError: a certificate that cannot be used.
        """
        self._settings = settings
        self._outbox = Outbox()
        self._commands = CommandBox()
        self._presence = Presence(settings.topic, self._outbox)
        self._link = MqttLink(
            settings,
            self._outbox,
            on_online=self._on_online,
            on_message=self._on_message,
            on_turn=self._on_turn,
        )
        self._round_trip = RoundTrip(settings, self._link)

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
        """Health of the connection to the broker."""
        return self._link.condition

    @property
    def wants_frame_lines(self) -> bool:
        """Whether frames can be sent now, and are sent as text."""
        return self._link.online and self._settings.encoding == "json"

    def publish(self, message: Message, line: bytes) -> None:
        """Leave one message for the link's thread; never waits.

        Raises:
            RuntimeError: that thread has died of a fault of ours.
        """
        if self._link.died:
            raise RuntimeError("the thread of the connection has died; its traceback is above")
        if isinstance(message, FrameMessage):
            self._presence.note_faces(len(message.faces))
            self._publish_frame(message, line)
        elif isinstance(message, Health):
            self._outbox.put_newest(Publication(self._topic("health"), line.rstrip()))
        else:
            if isinstance(message, Status) and is_outage(message):
                self._presence.note_outage()
            self._outbox.put_event(Publication(self._topic("events"), line.rstrip(), reliable=True))

    def _publish_frame(self, message: FrameMessage, line: bytes) -> None:
        # A frame that waits for a broker to come back would be old news.
        if not self._link.online:
            return
        if self._settings.encoding == "cbor":
            from device.messages.cbor import encode_binary

            payload = encode_binary(message)
        elif line:
            payload = line.rstrip()
        else:
            # The link has come up since the line was not wanted.
            return
        self._outbox.put_newest(Publication(self._topic("frames"), payload))

    def take_commands(self) -> list[Command | BadCommand]:
        """Commands that have come since the last call, oldest first."""
        return self._commands.take()

    def take_round_trips_ms(self) -> list[float]:
        """Milliseconds from capture to arrival back here of the messages timed since the last call."""
        return self._round_trip.take_ms()

    def close(self) -> None:
        """Publish `stopped`, send what is left for at most a second, disconnect."""
        self._presence.note_outage()
        self._outbox.put_event(Publication(self._topic("status"), b"stopped", reliable=True, retain=True))
        self._link.close()

    def _topic(self, name: str) -> str:
        return f"{self._settings.topic}/{name}"

    def _on_online(self) -> None:
        """Publish again what is retained: the broker may have restarted, or published our last will."""
        # What waited through the outage is old.
        self._outbox.forget(self._topic("frames"))
        self._link.subscribe(self._topic("command"), qos=1)
        self._outbox.put_newest(Publication(self._topic("status"), b"online", reliable=True, retain=True))
        self._presence.repeat()
        self._round_trip.on_online()
        if self._settings.discovery:
            self._link.subscribe(HOME_ASSISTANT_STATUS)
            self._announce()

    def _on_turn(self) -> None:
        self._round_trip.turn()

    def _announce(self) -> None:
        for publication in announcements(self._settings):
            self._outbox.put_newest(publication)

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic == self._topic("command"):
            self._commands.put(payload, retained=retained)
        elif topic == self._topic("frames"):
            self._round_trip.on_frame(payload)
        elif topic == HOME_ASSISTANT_STATUS and payload == b"online":
            self._announce()
