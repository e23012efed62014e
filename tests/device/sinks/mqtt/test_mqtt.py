"""The MQTT sink beside a real mosquitto: topics, outages, stalls, credentials, encryption."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from device.contract.errors import BadInputError, UsageError
from device.contract.geometry import Box
from device.messages import messages as events
from device.messages.commands import BadCommand, Command, Verb
from device.sinks import CommandSink, RoundTripSink, open_sink
from device.sinks.mqtt.failures import failure_to_connect
from device.support.condition import Condition, State
from device.support.machine import resident_mb
from tests.broker import Broker, Reader, free_port, remembers, running_broker, wait_until

VALIDATOR = Draft202012Validator(json.loads(events.SCHEMA_FILE.read_text(encoding="utf-8")))
FACE = events.FaceMessage(
    1, 0.9, Box(1, 2, 3, 4), np.random.default_rng(0).uniform(0, 640, (68, 2)), np.ones(68)
)


def a_frame(sequence=0, faces=(FACE,)):
    now = time.monotonic_ns()
    timing = events.TimingMs(0, 0, 0, 0, 0)
    return events.FrameMessage(
        "cam0", sequence, now - 2_000_000, now, events.FrameInfo(640, 480), faces, timing, "small@0123abcd"
    )


def publish(sink, message):
    sink.publish(message, events.encode(message))


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as running:
        yield running


@pytest.fixture
def new_broker(tmp_path):
    """Makes brokers that are not started yet, and sees to it that none is left over."""
    made = []

    def make(lines="allow_anonymous true"):
        made.append(Broker(tmp_path, lines))
        return made[-1]

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def reader(broker):
    reader = Reader(broker.port)
    yield reader
    reader.close()


@pytest.fixture
def sink(broker):
    sink = open_sink(f"mqtt://{broker.address}/pi")
    yield sink
    sink.close()


def streaming(sink, seconds, fps=100):
    """Frames at a steady rate, in this thread."""
    for sequence in range(int(seconds * fps)):
        publish(sink, a_frame(sequence))
        time.sleep(1 / fps)


def test_every_message_arrives_on_its_topic_and_obeys_the_schema(sink, reader):
    publish(sink, events.Status("cam0", 1))
    publish(sink, a_frame(7))
    publish(sink, events.Health("cam0", 1, 2, 3.0, 4, 5, 6))
    publish(sink, events.FaceLost("cam0", 5, 1, 2, 9))
    assert wait_until(lambda: len(reader.payloads("landmarks/pi/events")) == 2)
    assert wait_until(lambda: len(reader.payloads("landmarks/pi/frames")) == 1)
    assert wait_until(lambda: len(reader.payloads("landmarks/pi/health")) == 1)
    for topic, kinds in {
        "events": ["status", "face_lost"],
        "frames": ["frame"],
        "health": ["health"],
    }.items():
        decoded = [json.loads(payload) for payload in reader.payloads(f"landmarks/pi/{topic}")]
        assert [message["type"] for message in decoded] == kinds
        for message in decoded:
            VALIDATOR.validate(message)
    assert reader.payloads("landmarks/pi/faces")[-1] == b"1"


def test_the_status_is_retained_online_then_stopped(broker, reader):
    sink = open_sink(f"mqtt://{broker.address}/pi")
    assert sink.condition == Condition()
    assert wait_until(lambda: reader.payloads("landmarks/pi/status") == [b"online"])
    sink.close()
    late = Reader(broker.port, "landmarks/pi/status")
    assert wait_until(lambda: late.got != [])
    assert (late.got[0][1], late.got[0][2]) == (b"stopped", True)
    late.close()


DIES = """
import os, sys, time
from device.sinks import open_sink
sink = open_sink(sys.argv[1])
time.sleep(0.3)
os.kill(os.getpid(), 9)
"""


def test_a_device_that_dies_is_told_offline_by_its_last_will(broker, reader, root):
    command = [sys.executable, "-c", DIES, f"mqtt://{broker.address}/pi"]
    assert subprocess.run(command, cwd=root, check=False).returncode == -9
    assert wait_until(lambda: reader.payloads("landmarks/pi/status") == [b"online", b"offline"])


TOLD_ANEW = ("landmarks/pi/status", b"online", False)


def told_lost(reader):
    """The ids of the faces that were told as lost."""
    return [json.loads(line)["id"] for line in reader.payloads("landmarks/pi/events")]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_broker_that_is_killed_and_started_is_found_again_and_told_online(new_broker, tmp_path, version):
    broker = new_broker(remembers(tmp_path))
    broker.start()
    # The sink may be back before any reader: the broker keeps what a reader it knows has missed.
    reader = Reader(broker.port, "landmarks/#", name="reader")
    sink = open_sink(f"mqtt://{broker.address}/pi?version={version}")
    assert wait_until((tmp_path / "mosquitto.db").exists)
    for round_number in range(4):
        broker.kill()
        assert wait_until(lambda: sink.condition.state == State.LOST, 2)
        assert str(broker.port) in sink.condition.reason
        publish(sink, events.FaceLost("cam0", 5, 1, 2, 100 + round_number))
        publish(sink, a_frame(1))
        time.sleep(0.5 * round_number)
        reader.got.clear()
        began = time.monotonic()
        broker.start()
        while not reader.payloads("landmarks/pi/frames"):
            publish(sink, a_frame(2))
            time.sleep(0.01)
            assert time.monotonic() - began < 2
        # What happened during the outage is told afterwards; the frames of it are not.
        # (One of the round before may come once more first: the broker died before it was confirmed.)
        assert wait_until(lambda n=round_number: told_lost(reader)[-1:] == [100 + n])
        assert all(json.loads(line)["sequence"] == 2 for line in reader.payloads("landmarks/pi/frames"))
        # What the broker kept from before its death, and gives as retained, does not count.
        assert wait_until(lambda: TOLD_ANEW in [told[:3] for told in reader.got])
        assert wait_until(lambda: sink.condition.state == State.OK)
    reader.close()
    sink.close()


def test_a_device_that_starts_before_its_broker_waits_for_it(new_broker):
    broker = new_broker()
    began = time.monotonic()
    sink = open_sink(f"mqtt://{broker.address}/pi")
    assert time.monotonic() - began < 1.5
    assert sink.condition.state == State.LOST
    broker.start()
    assert wait_until(lambda: sink.condition.state == State.OK, 2)
    sink.close()


def test_a_stalled_broker_costs_no_memory_and_no_time_and_gets_the_newest_frame(broker, reader, sink):
    streaming(sink, 0.5, 200)
    assert wait_until(lambda: reader.payloads("landmarks/pi/frames") != [])
    broker.stall()
    streaming(sink, 2.0, 200)
    before_mb, spent = resident_mb(), []
    assert sink.condition.state == State.DEGRADED
    large = a_frame(1000, (FACE,) * 3)
    line = events.encode(large)
    for _ in range(20_000):
        began = time.perf_counter()
        sink.publish(large, bytes(bytearray(line)))
        spent.append(time.perf_counter() - began)
    publish(sink, a_frame(99_999))
    grown_mb = resident_mb() - before_mb
    reader.got.clear()
    broker.go_on()

    def newest_has_come():
        publish(sink, a_frame(99_999))
        return any(b'"sequence":99999,' in line for line in reader.payloads("landmarks/pi/frames"))

    assert wait_until(newest_has_come, 10)
    assert wait_until(lambda: sink.condition.state == State.OK)
    sequences = [json.loads(line)["sequence"] for line in reader.payloads("landmarks/pi/frames")]
    # 20 000 frames of 10 kB would have been 200 MB in paho's list.
    assert grown_mb < 3
    assert np.percentile(spent, 99) < 0.01
    # Of the stall's 20 400 frames come only those of its first 0.75 s, which were underway, and the newest.
    assert len([sequence for sequence in sequences if sequence != 99_999]) < 200
    assert 1000 not in sequences


def test_events_wait_in_order_for_a_lost_broker_but_not_without_bound(new_broker):
    broker = new_broker()
    sink = open_sink(f"mqtt://{broker.address}/pi")
    for number in range(1, 1001):
        publish(sink, events.FaceLost("cam0", 5, 1, 2, number))
    broker.start()
    reader = Reader(broker.port, "landmarks/pi/events")
    assert wait_until(lambda: sink.condition.state == State.OK)
    publish(sink, events.FaceLost("cam0", 5, 1, 2, 1001))
    assert wait_until(lambda: any(b'"id":1001}' in line for line in reader.payloads("landmarks/pi/events")))
    ids = [json.loads(line)["id"] for line in reader.payloads("landmarks/pi/events")]
    assert ids == sorted(ids)
    assert 200 < len(ids) <= 257
    reader.close()
    sink.close()


def test_a_subscriber_that_stalls_holds_nobody_up(broker, reader, sink):
    block = threading.Event()
    stalled = Reader(broker.port)
    stalled._client.on_message = lambda *_: block.wait()
    began = time.monotonic()
    streaming(sink, 1.0, 100)
    assert time.monotonic() - began < 2.5
    assert wait_until(lambda: b'"sequence":99,' in (reader.payloads("landmarks/pi/frames") or [b""])[-1])
    assert sink.condition.state == State.OK
    block.set()
    stalled.close()


def test_commands_come_in_and_what_is_wrong_raises_nothing(sink, reader):
    assert isinstance(sink, CommandSink)
    for payload in (b"rate 15", b"", b"x" * 10_000, b"\xff", b"raw on"):
        reader.send("landmarks/pi/command", payload)
    taken = []
    assert wait_until(lambda: taken.extend(sink.take_commands()) or len(taken) == 5)
    assert taken[0] == Command(Verb.RATE, 15.0, "rate 15")
    assert [type(received) for received in taken[1:4]] == [BadCommand] * 3
    assert taken[4] == Command(Verb.RAW, True, "raw on")


def test_a_ten_kilobyte_topic_of_somebody_else_is_nothing_to_us(sink, reader):
    reader.send("landmarks/" + "x" * 10_000, b"rate 15")
    publish(sink, a_frame(3))
    assert wait_until(lambda: len(reader.payloads("landmarks/pi/frames")) == 1)
    assert sink.take_commands() == []


def password_broker(tmp_path):
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "pi", "correct horse"], check=True)
    passwords.chmod(0o644)
    return f"allow_anonymous false\npassword_file {passwords}"


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_refused_credentials_are_an_error_at_the_start_and_never_shown(tmp_path, monkeypatch, version):
    with running_broker(tmp_path, password_broker(tmp_path)) as broker:
        monkeypatch.setenv("LANDMARKS_MQTT_PASSWORD", "wrong horse")
        with pytest.raises(BadInputError) as caught:
            open_sink(f"mqtt://pi@{broker.address}/pi?version={version}")
        assert "check user and password" in str(caught.value)
        assert "horse" not in str(caught.value)
        secret = tmp_path / "secret"
        secret.write_text("correct horse\n")
        monkeypatch.delenv("LANDMARKS_MQTT_PASSWORD")
        sink = open_sink(f"mqtt://pi@{broker.address}/pi?version={version}&password_file={secret}")
        assert sink.condition.state == State.OK
        assert "horse" not in repr(sink._settings)
        sink.close()


def test_credentials_refused_later_are_a_lost_broker_that_is_tried_again(tmp_path, new_broker, monkeypatch):
    lines = password_broker(tmp_path)
    monkeypatch.setenv("LANDMARKS_MQTT_PASSWORD", "correct horse")
    broker = new_broker(lines)
    broker.start()
    sink = open_sink(f"mqtt://pi@{broker.address}/pi")
    broker.stop()
    good = (tmp_path / "passwords").read_bytes()
    subprocess.run(["mosquitto_passwd", "-b", tmp_path / "passwords", "pi", "new"], check=True)
    broker.start()
    assert wait_until(lambda: "check user and password" in sink.condition.reason)
    assert sink.condition.state == State.LOST
    broker.stop()
    (tmp_path / "passwords").write_bytes(good)
    broker.start()
    assert wait_until(lambda: sink.condition.state == State.OK, 3)
    sink.close()


def make_certificates(folder):
    """An authority, the broker's certificate for 127.0.0.1, and the device's."""

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], cwd=folder, check=True, capture_output=True)

    def key_and_request(name, common_name):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={common_name}")  # fmt: skip

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority", "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, common_name in (("broker", "127.0.0.1"), ("device", "pi")):
        key_and_request(name, common_name)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.crt", "-days", "2", "-extfile", "names")  # fmt: skip


def test_an_encrypted_connection_checks_both_sides_and_streams(tmp_path):
    make_certificates(tmp_path)
    lines = (
        f"cafile {tmp_path}/ca.crt\ncertfile {tmp_path}/broker.crt\nkeyfile {tmp_path}/broker.key\n"
        f"require_certificate true\nallow_anonymous true\nlistener {(plain := free_port())} 127.0.0.1\n"
    )
    with running_broker(tmp_path, lines) as broker:
        address = f"mqtts://{broker.address}/pi"
        with pytest.raises(BadInputError, match="certificate is not trusted"):
            open_sink(address)
        ca = f"ca={tmp_path}/ca.crt"
        sink = open_sink(f"{address}?{ca}&cert={tmp_path}/device.crt&key={tmp_path}/device.key")
        assert sink.condition.state == State.OK
        reader = Reader(plain)
        streaming(sink, 0.5)
        assert wait_until(lambda: b'"sequence":49,' in (reader.payloads("landmarks/pi/frames") or [b""])[-1])
        sink.close()
        assert wait_until(lambda: reader.payloads("landmarks/pi/status")[-1:] == [b"stopped"])
        reader.close()


def test_home_assistant_is_told_the_entities_and_again_when_it_starts(broker, reader):
    sink = open_sink(f"mqtt://{broker.address}/pi?discovery=1")
    topic = "homeassistant/binary_sensor/pi/face/config"
    assert wait_until(lambda: len(reader.payloads(topic)) == 1)
    config = json.loads(reader.payloads(topic)[0])
    assert config["state_topic"] == "landmarks/pi/faces"
    assert [one["topic"] for one in config["availability"]] == ["landmarks/pi/status", "landmarks/pi/camera"]
    assert config["availability_mode"] == "all"
    reader.send("homeassistant/status", b"online")
    assert wait_until(lambda: len(reader.payloads(topic)) == 2)
    assert len({got[0] for got in reader.got if got[0].startswith("homeassistant/sensor")}) >= 4
    sink.close()


def test_the_way_to_the_broker_and_back_is_measured(broker):
    sink = open_sink(f"mqtt://{broker.address}/pi?round_trip=0.1")
    assert isinstance(sink, RoundTripSink)
    streaming(sink, 1.5)
    trips_ms = sink.take_round_trips_ms()
    # Frames claim to be captured 2 ms before they are published.
    assert 3 <= len(trips_ms) <= 60
    assert 2 < min(trips_ms) < 50
    assert sink.take_round_trips_ms() == []
    sink.close()


LOST_CAMERA = events.Status("cam0", 1, camera=Condition(State.LOST, "cam0 gave no frame for 2 s"))


def test_a_lost_camera_is_told_by_what_is_retained_and_a_frame_takes_it_back(sink, reader):
    publish(sink, a_frame(1))
    assert wait_until(lambda: reader.payloads("landmarks/pi/faces")[-1:] == [b"1"])
    assert wait_until(lambda: reader.payloads("landmarks/pi/camera")[-1:] == [b"online"])
    publish(sink, LOST_CAMERA)
    assert wait_until(lambda: reader.payloads("landmarks/pi/faces")[-1:] == [b"0"], 2)
    assert wait_until(lambda: reader.payloads("landmarks/pi/camera")[-1:] == [b"offline"], 2)
    publish(sink, a_frame(2))
    assert wait_until(lambda: reader.payloads("landmarks/pi/faces")[-1:] == [b"1"])
    assert wait_until(lambda: reader.payloads("landmarks/pi/camera")[-1:] == [b"online"])


def test_a_camera_that_is_lost_while_the_broker_is_away_is_told_when_it_is_back(new_broker):
    broker = new_broker()
    broker.start()
    sink = open_sink(f"mqtt://{broker.address}/pi")
    publish(sink, a_frame(1))
    broker.kill()
    assert wait_until(lambda: sink.condition.state == State.LOST)
    publish(sink, LOST_CAMERA)
    broker.start()
    reader = Reader(broker.port)
    assert wait_until(lambda: reader.payloads("landmarks/pi/faces")[-1:] == [b"0"])
    assert wait_until(lambda: reader.payloads("landmarks/pi/camera")[-1:] == [b"offline"])
    reader.close()
    sink.close()


def test_a_daemon_that_ends_leaves_no_face_behind(broker, reader):
    sink = open_sink(f"mqtt://{broker.address}/pi")
    publish(sink, a_frame(1))
    assert wait_until(lambda: reader.payloads("landmarks/pi/faces")[-1:] == [b"1"])
    sink.close()
    assert wait_until(lambda: reader.payloads("landmarks/pi/faces")[-1:] == [b"0"])
    assert wait_until(lambda: reader.payloads("landmarks/pi/status")[-1:] == [b"stopped"])


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_two_devices_of_one_name_do_not_throw_each_other_out_again_and_again(broker, version, caplog):
    both = [open_sink(f"mqtt://{broker.address}/pi?version={version}") for _ in range(2)]
    until = time.monotonic() + 4
    while time.monotonic() < until:
        time.sleep(0.05)
    reasons = " ".join(sink.condition.reason for sink in both)
    assert "another client uses the id landmarks-pi; give each device a name of its own" in reasons
    assert "another client uses the id landmarks-pi" in caplog.text
    assert broker.log.count("New client connected") <= 8
    for sink in both:
        sink.close()


def test_a_retained_command_is_ignored_with_a_word(broker, reader):
    reader.keep("landmarks/pi/command", b"rate 1")
    sink = open_sink(f"mqtt://{broker.address}/pi")
    taken = []
    assert wait_until(lambda: taken.extend(sink.take_commands()) or taken != [])
    assert isinstance(taken[0], BadCommand)
    assert "retain" in taken[0].reason
    reader.send("landmarks/pi/command", b"rate 15")
    taken.clear()
    assert wait_until(lambda: taken.extend(sink.take_commands()) or taken != [])
    assert taken == [Command(Verb.RATE, 15.0, "rate 15")]
    sink.close()


def test_frames_never_wait_for_a_flood_of_commands(broker, sink):
    frames = Reader(broker.port, "landmarks/pi/frames")
    flood = subprocess.Popen(
        ["mosquitto_pub", "-p", str(broker.port), "-t", "landmarks/pi/command", "-l"], stdin=subprocess.PIPE
    )
    streaming(sink, 0.3, 50)
    feeder = threading.Thread(target=flood.communicate, args=(b"status\n" * 10_000,))
    feeder.start()
    streaming(sink, 3.0, 50)
    feeder.join()
    arrivals = [at for *_, at in frames.got]
    assert max(np.diff(arrivals)) < 1.0
    assert len(sink.take_commands()) <= 17
    frames.close()


@contextmanager
def fake_broker(answer):
    """Accepts connections and does with each what `answer` does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        ending = threading.Event()

        def serve():
            while not ending.is_set():
                with contextlib.suppress(TimeoutError):
                    answer(server.accept()[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        ending.set()
        thread.join()


def test_what_keeps_us_from_a_broker_is_told_apart_at_once_in_condition_and_log(caplog):
    def reason_of(address):
        sink = open_sink(address)
        reason = sink.condition.reason
        sink.close()
        assert reason.partition(": ")[2].removesuffix("; connecting again") in caplog.text
        return reason

    nobody = reason_of(f"mqtt://127.0.0.1:{free_port()}/pi")
    assert "connection refused: no broker listens there" in nobody
    with fake_broker(lambda connection: connection.close()) as address:
        assert (
            "closes the connection at once; if it knows only MQTT 3.1.1, write ?version=3.1.1"
            in reason_of(f"mqtt://{address}/pi")
        )
        assert "3.1.1" not in reason_of(f"mqtt://{address}/pi?version=3.1.1")
    assert "its name is not known" in reason_of("mqtt://no-such-host.invalid/pi")


@pytest.mark.parametrize(
    ("days", "names", "says"),
    [
        (-1, "IP:127.0.0.1", "certificate has expired"),
        (1, "DNS:other.example", "certificate is for another name"),
    ],
)
def test_an_expired_certificate_and_one_for_another_name_are_named_as_such(tmp_path, days, names, says):
    make_certificates(tmp_path)
    (tmp_path / "names").write_text(f"subjectAltName={names}\n")
    command = "openssl x509 -req -in broker.csr -CA ca.crt -CAkey ca.key -out broker.crt -extfile names -days"
    subprocess.run([*command.split(), str(days)], cwd=tmp_path, check=True, capture_output=True)
    lines = f"certfile {tmp_path}/broker.crt\nkeyfile {tmp_path}/broker.key\nallow_anonymous true"
    with running_broker(tmp_path, lines) as broker, pytest.raises(BadInputError, match=says):
        open_sink(f"mqtts://{broker.address}/pi?ca={tmp_path}/ca.crt")


def test_a_certificate_that_is_not_valid_yet_is_waited_for():
    """A board without a battery starts in the past."""
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = 9, "certificate is not yet valid"
    failure = failure_to_connect(error)
    assert "set this device's clock" in failure.reason
    assert not failure.final


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("mqtt:broker", "lacks its //, wanted mqtt://[USER@]HOST"),
        ("mqtt://", "lacks a broker's name or port"),
        ("mqtt://host:0", "lacks a broker's name or port"),
        ("mqtt://host:99999", "host or port cannot be read"),
        ("mqtt://host/" + "x" * 10_000, "of 10002 characters, wanted 1 to 64"),
        ("mqtt://host/a/b", "wanted 1 to 64 letters"),
        ("mqtt://host/a+", "wanted 1 to 64 letters"),
        ("mqtt://me:hunter2@host/pi", "LANDMARKS_MQTT_PASSWORD"),
        ("mqtt://host/pi?prefix=" + "y" * 300, "option prefix"),
        ("mqtt://host/pi?prefix=a/%23", "option prefix"),
        ("mqtt://host/pi?ca=x.pem", "write mqtts:"),
        ("mqtts://host/pi?cert=x.pem", "give both"),
        ("mqtt://host/pi?verson=5", "did you mean version?"),
        ("mqtt://host/pi?version=4", "wanted one of 5, 3.1.1"),
    ],
)
def test_a_wrong_address_is_told_in_one_line_without_its_secret(uri, says):
    with pytest.raises(UsageError) as caught:
        open_sink(uri)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in (f"{tmp_path}/none", "/dev/zero", tmp_path / "pipe", tmp_path):
        with pytest.raises(BadInputError, match="password file"):
            open_sink(f"mqtt://me@127.0.0.1:1/pi?password_file={name}")
    with pytest.raises(BadInputError, match=r"none\.pem"):
        open_sink(f"mqtts://127.0.0.1:1/pi?ca={tmp_path}/none.pem")
    for name in ("/dev/zero", tmp_path / "pipe"):
        for options in (f"ca={name}", f"cert={name}&key={name}"):
            with pytest.raises(BadInputError, match="cannot use the certificates"):
                open_sink(f"mqtts://127.0.0.1:1/pi?{options}")
