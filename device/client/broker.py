"""The stream through an MQTT broker."""

from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from device.client.transport import Listener
from device.contract.errors import RefusedError
from device.sinks.mqtt.failures import REFUSALS
from device.sinks.mqtt.link import CONNECT_SECONDS, KEEPALIVE_SECONDS, VERSIONS
from device.sinks.mqtt.settings import MqttSettings

RECONNECT_SECONDS = (1, 2)
"""First pause before connecting again, and the longest; paho takes whole seconds only."""

GONE = {b"offline": "the device is offline, says the broker", b"stopped": "the device was stopped"}
"""Payloads of the retained `status` topic that mean that no messages will come."""


class BrokerTransport:
    """One connection to a broker, kept up by paho's thread."""

    def __init__(self, settings: MqttSettings) -> None:
        """Prepare a connection; of the settings only those of the broker and the topic are used.

        Raises:
            BadInputError: a certificate that cannot be used.
        """
        self._settings = settings
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=VERSIONS[settings.version])
        self._client.connect_timeout = CONNECT_SECONDS
        self._client.reconnect_delay_set(*RECONNECT_SECONDS)
        if settings.user is not None:
            self._client.username_pw_set(settings.user, settings.password)
        if settings.tls:
            self._client.tls_set_context(settings.tls_context())

    def open(self, listener: Listener) -> None:
        """Connect, and stay connected."""
        address, topic = self._settings.address, self._settings.topic

        def on_connect(client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any) -> None:
            if not code.is_failure:
                client.subscribe([(f"{topic}/{name}", 0) for name in ("frames", "health")])
                client.subscribe([(f"{topic}/{name}", 1) for name in ("events", "status")])
                listener.up()
            elif (remedy := REFUSALS.get(str(code))) is not None:
                client.disconnect()
                listener.end(RefusedError(f"broker {address} refuses us: {code}; {remedy}"))

        def on_message(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
            payload = bytes(message.payload)
            if message.topic != f"{topic}/status":
                listener.receive(payload)
            elif payload in GONE:
                listener.down(GONE[payload])
            else:
                listener.up()

        def on_lost(*_: Any) -> None:
            listener.down(f"broker {address} does not answer; connecting again")

        self._client.on_connect, self._client.on_message = on_connect, on_message
        self._client.on_disconnect = self._client.on_connect_fail = on_lost
        self._client.connect_async(self._settings.host, self._settings.port, KEEPALIVE_SECONDS)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect."""
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()
