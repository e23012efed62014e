"""One short visit to a broker, under a name of its own so that no running daemon is thrown out."""

import os
import socket
import ssl
import time
from dataclasses import dataclass

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from device.sinks.mqtt.settings import MqttSettings

PATIENCE_SECONDS = 5.0
"""For the connection, and again for the welcome."""

PROTOCOLS = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}


@dataclass(frozen=True)
class Problem:
    """Why there was no welcome."""

    seen: str
    """What happened."""
    fix: str
    """What to do."""


def greet(settings: MqttSettings) -> Problem | None:
    """Connect, wait for the welcome, go; None where all was well.

    Raises:
        BadInputError: a certificate or key that cannot be read.
    """
    welcome: list[ReasonCode] = []
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"landmarks-doctor-{os.getpid()}",
        protocol=PROTOCOLS[settings.version],
    )
    client.connect_timeout = PATIENCE_SECONDS
    client.on_connect = lambda _client, _data, _flags, code, _properties: welcome.append(code)
    if settings.user is not None:
        client.username_pw_set(settings.user, settings.password)
    if settings.tls:
        client.tls_set_context(settings.tls_context())
    try:
        client.connect(settings.host, settings.port)
    except ssl.SSLError as error:
        return Problem(f"its certificate is not trusted ({error.reason})", "give its authority with ?ca=FILE")
    except socket.gaierror:
        return Problem("no such host", "check the name, or write its number")
    except OSError as error:
        why = error.strerror or "no answer in time"
        return Problem(f"cannot be reached ({why})", "check host, port and firewall; is mosquitto running?")
    return _await_welcome(client, welcome)


def _await_welcome(client: paho.Client, welcome: list[ReasonCode]) -> Problem | None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not welcome and time.monotonic() < until and client.loop(0.1) == paho.MQTT_ERR_SUCCESS:
        pass
    client.disconnect()
    if not welcome:
        return Problem("no welcome", "see that it speaks MQTT at this port, and TLS only with mqtts:")
    if welcome[0].is_failure:
        return Problem(f"refused ({welcome[0]})", "check user and password, and the broker's password file")
    return None
