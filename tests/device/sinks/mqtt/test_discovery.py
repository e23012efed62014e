"""What Home Assistant is told: unique names, availability, and only sensors that there are."""

import itertools
import json

import pytest

from device.sinks import SINKS
from device.sinks.mqtt import settings as mqtt_settings
from device.sinks.mqtt.discovery import announcements
from device.sinks.mqtt.settings import MqttSettings, read_mqtt_settings
from device.support.machine import machine_tag

NAMES = ["cam", "cam.1", "cam_1", "cam-1", "a-cam", "landmarks-cam", "cam-0123abcd"]
PREFIXES = ["landmarks", "a", "landmarks/a", "landmarks-a", "a/b", "a-b", "a.b"]


def settings_of(device, prefix="landmarks"):
    return MqttSettings("broker", 1883, device, prefix=prefix, discovery=True)


def configs(settings, root):
    return {
        publication.topic: json.loads(publication.payload) for publication in announcements(settings, root)
    }


def test_no_two_devices_share_a_topic_an_entity_or_a_client_id(tmp_path):
    topics, entities, clients = [], [], []
    for device, prefix in itertools.product(NAMES, PREFIXES):
        settings = settings_of(device, prefix)
        found = configs(settings, tmp_path)
        topics += found
        entities += [config["unique_id"] for config in found.values()]
        clients.append(settings.client_id)
    for names in (topics, entities, clients):
        assert len(set(names)) == len(names)
    assert all(set(topic) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-/") for topic in topics)


def test_a_hash_is_added_only_where_a_name_needs_one():
    settings = settings_of("pi")
    assert (settings.client_id, settings.discovery_id) == ("landmarks-pi", "pi")
    assert settings_of("cam.1").client_id == "landmarks-cam.1"
    assert settings_of("cam.1").discovery_id.startswith("cam_1-")


def test_a_face_is_unavailable_without_device_or_camera_and_expires(tmp_path):
    found = configs(settings_of("pi"), tmp_path)
    for topic in ("homeassistant/binary_sensor/pi/face/config", "homeassistant/sensor/pi/faces/config"):
        config = found[topic]
        assert [one["topic"] for one in config["availability"]] == [
            "landmarks/pi/status",
            "landmarks/pi/camera",
        ]
        assert config["availability_mode"] == "all"
        assert config["expire_after"] == 30
    health = found["homeassistant/sensor/pi/fps/config"]
    assert [one["topic"] for one in health["availability"]] == ["landmarks/pi/status"]


def test_sensors_are_measurements_of_a_known_device(tmp_path):
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal")
    (zone / "temp").write_text("48000")
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_text("Raspberry Pi Zero 2 W Rev 1.0\0")
    found = configs(settings_of("pi"), tmp_path)
    sensors = {topic.split("/")[3]: config for topic, config in found.items() if "/sensor/" in topic}
    assert set(sensors) == {"faces", "fps", "latency_ms_p95", "temperature_c", "rss_mb"}
    for config in sensors.values():
        assert config["state_class"] == "measurement"
        assert config["origin"]["name"] == "landmarks"
        assert config["device"]["manufacturer"] == "Raspberry Pi"
        assert config["device"]["model"] == "Raspberry Pi Zero 2 W Rev 1.0"
    assert sensors["temperature_c"]["suggested_display_precision"] == 1
    (zone / "temp").unlink()
    assert not any("temperature" in topic for topic in configs(settings_of("pi"), tmp_path))


def a_machine(root, serial, machine_id):
    (root / "proc/device-tree").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "proc/device-tree/serial-number").write_text(f"{serial}\0")
    (root / "etc/machine-id").write_text(f"{machine_id}\n")
    return root


def test_two_fresh_boards_have_different_default_names(tmp_path, monkeypatch):
    tags = {
        machine_tag(a_machine(tmp_path / name, serial, machine_id))
        for name, serial, machine_id in [
            ("one", "10000000aaaaaaaa", "0" * 32), ("its card copied", "10000000bbbbbbbb", "0" * 32),
            ("another", "", "1" * 32),
        ]
    }  # fmt: skip
    assert len(tags) == 3
    assert all("0" * 6 not in tag for tag in tags)
    monkeypatch.setattr(mqtt_settings.socket, "gethostname", lambda: "raspberrypi")
    monkeypatch.setattr(mqtt_settings, "machine_tag", lambda: "3f2a1c")
    assert read_mqtt_settings(SINKS.parse("mqtt://broker")).device == "raspberrypi-3f2a1c"
    monkeypatch.setattr(mqtt_settings, "machine_tag", lambda: None)
    assert read_mqtt_settings(SINKS.parse("mqtt://broker")).device == "raspberrypi"


@pytest.mark.parametrize("host", ["x" * 64, "a b", "ü"])
def test_a_default_name_is_always_a_name(monkeypatch, host):
    monkeypatch.setattr(mqtt_settings.socket, "gethostname", lambda: host)
    assert mqtt_settings.DEVICE_NAME.fullmatch(mqtt_settings.default_device_name())
