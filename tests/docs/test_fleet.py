"""The bridge of docs/fleet.md: its three files, two real brokers, a real daemon."""

import json
import subprocess
import sys
from contextlib import contextmanager

import pytest

from device.client import connect
from device.sinks import open_sink
from tests.broker import Broker, Reader, free_port, wait_until
from tests.device.sinks.mqtt.test_mqtt import make_certificates
from tests.docs.blocks import blocks_of

SITE = "pi"
"""Common name of the test's certificate, in place of hall-3."""


def with_places(text, places):
    """A configuration with the reader's places put in; each must be there."""
    for theirs, ours in places.items():
        assert theirs in text, theirs
        text = text.replace(theirs, str(ours))
    return text


@pytest.fixture
def brokers(root, tmp_path):
    """The centre, the site, and the port at which the centre is watched."""
    make_certificates(tmp_path)
    site_text, centre_text, acl = (
        block.text for block in blocks_of(root / "docs" / "fleet.md") if block.language == "conf"
    )
    (tmp_path / "sites.acl").write_text(acl)
    watch = free_port()
    files = {f"/etc/mosquitto/{name}": tmp_path / name for name in ("ca.crt", "sites.acl")}
    centre_places = {
        "listener 8883\n": "", "listener 1883 127.0.0.1": f"listener {watch} 127.0.0.1",
        "/etc/mosquitto/centre.crt": tmp_path / "broker.crt",
        "/etc/mosquitto/centre.key": tmp_path / "broker.key", **files,
    }  # fmt: skip
    folders = [tmp_path / name for name in ("centre", "site", "kept")]
    for folder in folders:
        folder.mkdir()
    # The first setting must precede any listener; `Broker` writes the first listener itself.
    settings, listener = with_places(centre_text, centre_places).split("\n", 1)
    centre = Broker(folders[0], listener, before=settings)
    site_places = {
        "listener 1883\n": "", "centre.example.org:8883": centre.address,
        "/etc/mosquitto/ca.crt": tmp_path / "ca.crt", "/etc/mosquitto/hall-3.crt": tmp_path / "device.crt",
        "/etc/mosquitto/hall-3.key": tmp_path / "device.key",
        "/var/lib/mosquitto/": f"{folders[2]}/", "hall-3": SITE,
    }  # fmt: skip
    site = Broker(folders[1], with_places(site_text, site_places))
    centre.start()
    site.start()
    yield centre, site, watch
    site.stop()
    centre.stop()


@contextmanager
def watching(port):
    reader = Reader(port)
    try:
        yield reader
    finally:
        reader.close()


@pytest.mark.timeout(60)
def test_the_bridge_of_the_page_does_what_the_page_says(root, brokers):
    _, site, watch = brokers
    topic = f"landmarks/{SITE}"
    device = f"mqtt://127.0.0.1:{watch}/hall?prefix={topic}"
    with watching(watch) as seen, watching(site.port) as at_site, connect(device) as client:
        assert wait_until(lambda: seen.payloads(f"{topic}/bridge")[-1:] == [b"1"], 10)
        command = [
            sys.executable,
            "-m",
            "device",
            "run",
            "--source",
            "demo:?fps=10",
            "--sink",
            f"mqtt://{site.address}/hall",
        ]
        daemon = subprocess.Popen(command, cwd=root)
        try:
            assert wait_until(lambda: seen.payloads(f"{topic}/hall/status") == [b"online"], 20)
            assert wait_until(lambda: client.health is not None, 10)
            assert wait_until(lambda: b"1" in seen.payloads(f"{topic}/hall/faces"), 10)
            seen.send(f"{topic}/hall/command", b"rate 5")
            assert wait_until(lambda: "rate 5" in [reply["command"] for reply in replies(seen, topic)], 10)
        finally:
            daemon.terminate()
            daemon.wait(10)
        assert wait_until(lambda: seen.payloads(f"{topic}/hall/status")[-1:] == [b"stopped"])
        assert at_site.payloads("landmarks/hall/frames")
        assert not seen.payloads(f"{topic}/hall/frames")
    with watching(watch) as late:
        assert wait_until(lambda: late.payloads(f"{topic}/hall/status") == [b"stopped"])


def replies(reader, topic):
    messages = map(json.loads, reader.payloads(f"{topic}/hall/events"))
    return [message for message in messages if message["type"] == "reply"]


# The bridge comes back after a pause that grows by chance, up to a minute.
@pytest.mark.timeout(200)
def test_events_wait_for_a_centre_that_is_away_and_a_lost_site_is_told(brokers):
    centre, site, watch = brokers
    topic = f"landmarks/{SITE}"
    with watching(watch) as seen, watching(site.port) as at_site:
        assert wait_until(lambda: seen.payloads(f"{topic}/bridge")[-1:] == [b"1"], 10)
        centre.stop()
        sink = open_sink(f"mqtt://{site.address}/hall")
        # It connects by itself: closed before that, it would have nothing to tell.
        assert wait_until(lambda: at_site.payloads("landmarks/hall/status") == [b"online"], 10)
        sink.close()
        centre.start()
        assert wait_until(lambda: seen.payloads(f"{topic}/hall/status")[-1:] == [b"stopped"], 70)
        site.kill()
        assert wait_until(lambda: seen.payloads(f"{topic}/bridge")[-1:] == [b"0"], 70)


def test_a_site_cannot_write_below_another_sites_name(tmp_path, brokers):
    centre, _, watch = brokers
    files = f"ca={tmp_path}/ca.crt&cert={tmp_path}/device.crt&key={tmp_path}/device.key"
    with watching(watch) as seen:
        for prefix in ("landmarks/hall-4", f"landmarks/{SITE}"):
            open_sink(f"mqtts://{centre.address}/hall?prefix={prefix}&{files}").close()
        assert wait_until(lambda: b"stopped" in seen.payloads(f"landmarks/{SITE}/hall/status"))
        assert not seen.payloads("landmarks/hall-4/hall/status")
