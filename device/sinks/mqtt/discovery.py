"""What Home Assistant is told of a device, so that its entities appear by themselves.

The form is Home Assistant's MQTT discovery: one retained JSON object an entity on
`homeassistant/COMPONENT/DEVICE/NAME/config`.
"""

from typing import Any

import orjson

from device import __version__
from device.sinks.mqtt.outbox import Parcel
from device.sinks.mqtt.settings import MqttSettings

HOME_ASSISTANT_STATUS = "homeassistant/status"
"""Home Assistant says `online` here when it has started; everything is announced again then."""

HEALTH_SENSORS: dict[str, dict[str, str]] = {
    "fps": {"name": "Frames a second", "unit_of_measurement": "1/s"},
    "latency_ms_p95": {"name": "Latency p95", "unit_of_measurement": "ms", "device_class": "duration"},
    "temperature_c": {
        "name": "Temperature", "unit_of_measurement": "°C", "device_class": "temperature",
    },
    "rss_mb": {"name": "Memory", "unit_of_measurement": "MB", "device_class": "data_size"},
}  # fmt: skip
"""Figures of the health message that become sensors."""


def _shared(settings: MqttSettings, name: str) -> dict[str, Any]:
    """What every entity says: whose it is, and when it is there."""
    identity = f"{settings.prefix.replace('/', '-')}-{settings.device}"
    return {
        "unique_id": f"{identity}-{name}",
        "device": {"identifiers": [identity], "name": settings.device, "sw_version": __version__},
        "availability_topic": f"{settings.topic}/status",
        # Both `stopped` and `offline` mean that it is not there.
        "availability_template": "{{ 'online' if value == 'online' else 'offline' }}",
    }


def _entities(settings: MqttSettings) -> dict[str, dict[str, Any]]:
    """Configuration by `COMPONENT/NAME`."""
    faces, health = f"{settings.topic}/faces", f"{settings.topic}/health"
    entities: dict[str, dict[str, Any]] = {
        "binary_sensor/face": {
            "name": "Face",
            "device_class": "occupancy",
            "state_topic": faces,
            "value_template": "{{ 'ON' if value | int > 0 else 'OFF' }}",
        },
        "sensor/faces": {"name": "Faces", "state_topic": faces},
    }
    for key, words in HEALTH_SENSORS.items():
        entities[f"sensor/{key}"] = {
            **words,
            "state_topic": health,
            "value_template": f"{{{{ value_json.{key} | default(none) }}}}",
            "entity_category": "diagnostic",
        }
    return entities


def discovery_parcels(settings: MqttSettings) -> list[Parcel]:
    """One retained parcel an entity."""
    parcels = []
    for place, words in _entities(settings).items():
        component, _, name = place.partition("/")
        node = settings.device.replace(".", "_")  # Home Assistant takes no dot in an id
        topic = f"homeassistant/{component}/{node}/{name}/config"
        payload = orjson.dumps(words | _shared(settings, name))
        parcels.append(Parcel(topic, payload, reliable=True, retain=True))
    return parcels
