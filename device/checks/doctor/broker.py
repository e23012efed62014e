"""One short visit to a broker, under a name of its own so that no running daemon is thrown out."""

import os
import time

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from device.sinks.mqtt import failures
from device.sinks.mqtt.failures import Failure
from device.sinks.mqtt.link import VERSIONS
from device.sinks.mqtt.settings import MqttSettings

PATIENCE_SECONDS = 5.0
"""For the connection, and again for the welcome."""


def greet(settings: MqttSettings) -> Failure | None:
    """Connect, wait for the welcome, disconnect; None if all went well.

    Raises:
        BadInputError: a certificate or key that cannot be read.
    """
    welcome: list[ReasonCode] = []
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"landmarks-doctor-{os.getpid()}",
        protocol=VERSIONS[settings.version],
    )
    client.connect_timeout = PATIENCE_SECONDS
    client.on_connect = lambda _client, _data, _flags, code, _properties: welcome.append(code)
    if settings.user is not None:
        client.username_pw_set(settings.user, settings.password)
    if settings.tls:
        client.tls_set_context(settings.tls_context())
    try:
        client.connect(settings.host, settings.port)
    except OSError as error:
        return failures.failure_to_connect(error)
    return _await_welcome(client, welcome) or (None if welcome else failures.closed_at_once(settings.version))


def _await_welcome(client: paho.Client, welcome: list[ReasonCode]) -> Failure | None:
    until = time.monotonic() + PATIENCE_SECONDS
    connected = True
    while not welcome and connected and time.monotonic() < until:
        connected = client.loop(0.1) == paho.MQTT_ERR_SUCCESS
    client.disconnect()
    if welcome and welcome[0].is_failure:
        return failures.refusal(welcome[0])
    return failures.SILENT if not welcome and connected else None
