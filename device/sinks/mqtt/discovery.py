"""Announces the device to Home Assistant, so that its entities appear by themselves.

The form is Home Assistant's MQTT discovery: one retained JSON object an entity on
`homeassistant/COMPONENT/DEVICE/NAME/config`.
"""

from pathlib import Path
from typing import Any

import orjson

from device import __version__
from device.sinks.mqtt.outbox import Publication
from device.sinks.mqtt.presence import EXPIRE_SECONDS
from device.sinks.mqtt.settings import MqttSettings
from device.support import machine

HOME_ASSISTANT_STATUS = "homeassistant/status"
"""Home Assistant publishes `online` here when it has started; everything is announced again then."""

HEALTH_SENSORS: dict[str, dict[str, Any]] = {
    "fps": {"name": "Frames a second", "unit_of_measurement": "fps", "suggested_display_precision": 1},
    "latency_ms_p95": {
        "name": "Latency p95", "unit_of_measurement": "ms", "device_class": "duration",
        "suggested_unit_of_measurement": "ms", "suggested_display_precision": 1,
    },
    "temperature_c": {
        "name": "Temperature", "unit_of_measurement": "°C", "device_class": "temperature",
        "suggested_display_precision": 1,
    },
    "rss_mb": {
        "name": "Memory", "unit_of_measurement": "MB", "device_class": "data_size",
        "suggested_unit_of_measurement": "MB", "suggested_display_precision": 0,
    },
}  # fmt: skip
"""Figures of the health message that become sensors."""


def announcements(settings: MqttSettings, root: Path = machine.ROOT) -> list[Publication]:
    """One retained publication an entity.

    Args:
        settings: whose topics they are.
        root: of the file tree from which the machine's name and sensors are read.
    """
    shared = _shared(settings, root)
    return [
        Publication(
            f"homeassistant/{component}/{settings.discovery_id}/{name}/config",
            orjson.dumps({**shared, **entity, "unique_id": f"{settings.client_id}-{name}"}),
            reliable=True,
            retain=True,
        )
        for component, name, entity in [*_face_entities(settings), *_health_entities(settings, root)]
    ]


def _shared(settings: MqttSettings, root: Path) -> dict[str, Any]:
    """What every entity says: whose it is, and when it is available."""
    device = {
        "identifiers": [settings.client_id],
        "name": settings.device,
        "manufacturer": machine.manufacturer(root),
        "model": machine.board_name(root),
        "sw_version": __version__,
    }
    return {
        "device": {key: value for key, value in device.items() if value is not None},
        "origin": {"name": "landmarks", "sw_version": __version__},
        "availability": [_device_availability(settings)],
    }


def _device_availability(settings: MqttSettings) -> dict[str, str]:
    # Both `stopped` and `offline` mean that it is not there.
    template = "{{ 'online' if value == 'online' else 'offline' }}"
    return {"topic": f"{settings.topic}/status", "value_template": template}


def _face_entities(settings: MqttSettings) -> list[tuple[str, str, dict[str, Any]]]:
    """Component, name and configuration of what is only known while frames come."""
    seen = {
        "state_topic": f"{settings.topic}/faces",
        "availability": [_device_availability(settings), {"topic": f"{settings.topic}/camera"}],
        "availability_mode": "all",
        "expire_after": round(EXPIRE_SECONDS),
    }
    face = {
        "name": "Face",
        "device_class": "occupancy",
        "value_template": "{{ 'ON' if value | int > 0 else 'OFF' }}",
    }
    faces = {"name": "Faces", "state_class": "measurement"}
    return [("binary_sensor", "face", seen | face), ("sensor", "faces", seen | faces)]


def _health_entities(settings: MqttSettings, root: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """The same of the figures of health; the temperature only where it is measured."""
    return [
        (
            "sensor",
            key,
            {
                **words,
                "state_class": "measurement",
                "state_topic": f"{settings.topic}/health",
                "value_template": f"{{{{ value_json.{key} | default(none) }}}}",
                "entity_category": "diagnostic",
            },
        )
        for key, words in HEALTH_SENSORS.items()
        if key != "temperature_c" or machine.temperature_c(root) is not None
    ]
