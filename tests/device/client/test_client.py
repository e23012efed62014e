"""The client in Python against the real web sink, a real broker and a real recording."""

import json
import math
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from msgspec.structs import replace

from device.client import Connection, ConnectionState, connect
from device.client.client import LandmarkClient
from device.contract.errors import BadInputError, MissingOutsideError, RefusedError, UsageError
from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.messages import messages as events
from device.messages.json_decoder import OtherMessage
from device.sinks import open_sink
from device.sinks.web.address import TOKEN_VARIABLE
from device.support.condition import Condition, State
from tests.broker import free_port, running_broker, wait_until
from tests.conftest import ROOT

TOKEN = "a-token-of-the-tests"


def a_frame(sequence, age_ns=0):
    landmarks = np.round(np.linspace(100, 300, 136).reshape(68, 2) + sequence, 2)
    face = events.FaceMessage(1, 0.9, Box.around(landmarks), landmarks, np.full(ibug_68.count, 0.5))
    now = time.monotonic_ns()
    size, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 1, 0, 1)
    return events.FrameMessage("demo", sequence, now - age_ns, now, size, [face], timing, "m@00000000")


def publish(sink, message):
    sink.publish(message, events.encode(message))


def publish_until(sink, client, condition, make=a_frame):
    """Frame after frame, as a camera would, until the client has seen what is waited for."""
    for sequence in range(400):
        publish(sink, make(sequence))
        if wait_until(lambda: condition(client), 0.025):
            return
    raise AssertionError(f"waited in vain; {client.connection}, {client.bad_reason}")


def take_frame(client):
    return next(client.frames())


class Silence:
    """A transport on which nothing happens but what the test does."""

    def open(self, listener):
        pass

    def close(self):
        pass


def test_a_frame_arrives_as_the_value_that_was_published(serve):
    served = serve()
    with connect(served.stream) as client:
        publish_until(served.sink, client, lambda each: each.frame is not None)
        frame = take_frame(client)
    expected = a_frame(frame.sequence)
    np.testing.assert_array_equal(frame.faces[0].landmarks, expected.faces[0].landmarks)
    assert frame.faces[0].box == expected.faces[0].box
    assert frame.frame == expected.frame


def test_health_and_status_are_kept_and_told_with_the_events_in_order(serve):
    served = serve()
    publish(served.sink, events.Status("demo", 1, camera=Condition(State.LOST, "unplugged")))
    with connect(served.stream) as client:
        assert wait_until(lambda: client.status is not None)
        publish(served.sink, events.FaceLost("demo", 3, 1, 2, 7))
        publish(served.sink, events.Health("demo", 1, 2, 3.0, 4, 5, 6))
        assert wait_until(lambda: client.health is not None)
        told = [client.take(5) for _ in range(4)]
    assert [type(each) for each in told] == [Connection, events.Status, events.FaceLost, events.Health]
    assert told[0].state is ConnectionState.LIVE
    assert client.status.camera.reason == "unplugged"
    assert client.health.skipped == 5


def test_the_newest_frame_wins_and_the_others_are_counted():
    client = LandmarkClient(Silence()).open()
    for sequence in range(50):
        client.receive(events.encode(a_frame(sequence)))
    assert client.take(0).sequence == 49
    assert client.take(0) is None
    assert client.skipped == 49


def test_the_age_of_a_frame_is_told_by_the_devices_clock(serve):
    served = serve()
    with connect(served.stream) as client:
        assert wait_until(lambda: not math.isnan(client.clock.offset))
        frame = a_frame(1, age_ns=250_000_000)
        age = client.age_ms(frame)
    # Device and program share a clock here, so the true age is known: 250 ms and what the call took.
    assert age == pytest.approx(250, abs=20)


def test_a_daemon_that_comes_back_is_found_again(serve):
    first = serve()
    port = first.sink.port
    with connect(first.stream) as client:
        publish_until(first.sink, client, lambda each: each.frame is not None)
        first.sink.close()
        assert wait_until(lambda: client.connection.state is ConnectionState.OFFLINE)
        second = open_sink(f"web:{port}")
        try:
            publish_until(second, client, lambda each: each.frame.source == "back", back)
            states = [each.state.value for each in drained(client) if isinstance(each, Connection)]
        finally:
            second.close()
    assert states[0] == "live"
    assert "offline" in states
    assert states[-1] == "live"


def back(sequence):
    return replace(a_frame(sequence), source="back")


def drained(client):
    while (message := client.take(0)) is not None:
        yield message


def test_a_wrong_token_ends_with_a_sentence_and_the_right_one_is_taken_from_the_environment(
    serve, monkeypatch
):
    served = serve(token=TOKEN)
    with (
        connect(served.stream, "wrong-but-long-enough") as client,
        pytest.raises(RefusedError, match="wrong"),
    ):
        next(iter(client))
    monkeypatch.delenv(TOKEN_VARIABLE)
    with connect(served.stream) as client, pytest.raises(RefusedError, match="asks for a token"):
        next(iter(client))
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with connect(served.stream) as client:
        publish_until(served.sink, client, lambda each: each.frame is not None)


def test_another_schema_is_an_error_that_says_so():
    client = LandmarkClient(Silence()).open()
    client.receive(b'{"type":"frame","schema":2}')
    with pytest.raises(BadInputError, match="message of schema 2, wanted 1; update this program"):
        next(iter(client))


HOSTILE = [
    b"", b"{", b"NaN", b"null", b"[]", b"[" * 100_000, b"\xff\xfe", b"\xa1", b"\x00" * 100,
    b'{"type":"frame","schema":1}',
    b'{"type":"frame","schema":true}',
    b'{"type":"pong","schema":1,"sent_ms":"now","monotonic_ns":[]}',
    b'{"type":"frame","schema":1,"source":"x","sequence":1e999,"captured_ns":1,"published_ns":1}',
    b" " * 10_000_000,
]  # fmt: skip


def test_a_hostile_stream_is_counted_and_left_out():
    client = LandmarkClient(Silence()).open()
    good = json.loads(events.encode(a_frame(1)))
    spoilt = [good | {"faces": 7}, good | {"frame": None}, good | {"sequence": -1}]
    spoilt.append(good | {"faces": [good["faces"][0] | {"landmarks": [[1e300, 0]] * 68}]})
    for line in [*HOSTILE, *(json.dumps(each).encode() for each in spoilt)]:
        client.receive(line)
    assert client.take(0) is None
    # A pong that says nothing is no message at all.
    assert client.bad == len(HOSTILE) + len(spoilt) - 1
    client.receive(json.dumps(good).encode())
    assert client.take(0).sequence == 1


def test_messages_of_the_future_are_handed_on():
    client = LandmarkClient(Silence()).open()
    client.receive(b'{"type":"later","schema":1,"source":"cam0","more":3}')
    message = client.take(0)
    assert isinstance(message, OtherMessage)
    assert message.values["more"] == 3


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_through_a_broker_frames_come_in_both_forms_and_heal_after_its_restart(tmp_path, encoding):
    with running_broker(tmp_path) as broker:
        sink = open_sink(f"mqtt://{broker.address}/hall?encoding={encoding}")
        try:
            with connect(f"mqtt://{broker.address}/hall") as client:
                publish_until(sink, client, lambda each: each.frame is not None)
                frame = take_frame(client)
                wanted = a_frame(frame.sequence).faces[0].landmarks
                # The binary form has sixteenths of a pixel.
                assert np.abs(frame.faces[0].landmarks - wanted).max() <= 1 / 32 + 1e-9
                assert client.age_ms(frame) < 2000
                broker.kill()
                assert wait_until(lambda: client.connection.state is ConnectionState.OFFLINE)
                last = client.frame
                broker.start()
                begun = time.monotonic()
                publish_until(sink, client, lambda each: each.frame is not last)
                assert time.monotonic() - begun < 3.0
        finally:
            sink.close()


def test_a_device_that_was_stopped_is_told_as_such(tmp_path):
    with running_broker(tmp_path) as broker:
        sink = open_sink(f"mqtt://{broker.address}/hall")
        with connect(f"mqtt://{broker.address}/hall") as client:
            publish_until(sink, client, lambda each: each.frame is not None)
            sink.close()
            assert wait_until(lambda: client.connection.reason == "the device was stopped")


def test_a_broker_that_wants_a_password_ends_with_a_sentence(tmp_path):
    with (
        running_broker(tmp_path, "allow_anonymous false") as broker,
        connect(f"mqtt://{broker.address}/hall") as client,
        pytest.raises(RefusedError, match="check user and password"),
    ):
        list(client)


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "day.jsonl"
    start = time.monotonic_ns()
    frames = [replace(a_frame(n), captured_ns=start, published_ns=start + n * 50_000_000) for n in range(10)]
    path.write_bytes(b"".join(map(events.encode, frames)))
    return path


def test_a_recording_is_played_at_its_speed_and_ends(recording):
    begun = time.monotonic()
    with connect(f"replay:{recording}?speed=5") as client:
        sequences = [frame.sequence for frame in client.frames()]
    # Ten frames 50 ms apart, five times as fast: 90 ms.
    assert time.monotonic() - begun >= 0.089
    assert sequences[-1] == 9
    assert client.connection.state is ConnectionState.ENDED


def test_closing_ends_whoever_waits(serve):
    client = connect(serve().stream)
    waiting = threading.Thread(target=lambda: list(client))
    waiting.start()
    assert wait_until(lambda: client.connection.state is ConnectionState.LIVE)
    client.close()
    waiting.join(5)
    assert not waiting.is_alive()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("pi.local", "wanted ws://HOST:PORT/stream"),
        ("ws://", "wanted ws://HOST:PORT/stream"),
        ("ws://pi:99999/stream", "wanted ws://HOST:PORT/stream"),
        ("mqtt:broker/hall", "lacks its //"),
        ("mqtt://u:secret@broker/hall", "can be read by everybody"),
        ("replay:", "lacks its place"),
    ],
)
def test_an_address_that_cannot_be_understood_is_a_sentence(address, sentence):
    with pytest.raises(UsageError, match=sentence) as told:
        connect(address)
    assert "secret" not in str(told.value)


def test_a_page_that_is_no_stream_is_told_as_such(serve):
    served = serve()
    with (
        connect(f"ws://{served.authority}/client.js") as client,
        pytest.raises(BadInputError, match="is no stream"),
    ):
        list(client)


def test_without_websockets_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "websockets", None)
    monkeypatch.setitem(sys.modules, "websockets.exceptions", None)
    monkeypatch.delitem(sys.modules, "device.client.websocket", raising=False)
    with pytest.raises(MissingOutsideError, match=r"pip install '\.\[web\]'"):
        connect("ws://localhost:1/stream")


def run_client(*words):
    command = [sys.executable, "-m", "device.client", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_the_program_prints_lines_for_people_or_a_recording(recording):
    told = run_client(f"replay:{recording}?speed=10")
    assert told.returncode == 0, told.stderr
    assert "ms old: face 1 at 10" in told.stdout
    recorded = run_client(f"replay:{recording}?speed=10", "--json", "--frames", "3")
    lines = [json.loads(line) for line in recorded.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["frame"] * 3


def test_the_program_ends_with_the_code_of_the_mistake():
    done = run_client("pi.local")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Traceback" not in done.stderr


def test_a_device_that_does_not_answer_is_named_once_and_given_up_after_the_wanted_time():
    address = f"ws://127.0.0.1:{free_port()}/stream"
    done = run_client(address, "--wait", "1", "--frames", "2")
    assert done.returncode == 5
    offline, error = done.stderr.splitlines()
    assert offline.startswith("offline: ")
    assert f"({address} is tried until it answers; Ctrl-C ends that" in offline
    assert error.startswith(f"error: nothing from {address} in 1 s")


def test_the_time_to_wait_is_for_the_first_message_only(recording):
    # Ten frames 250 ms apart: the last comes long after the limit.
    told = run_client(f"replay:{recording}?speed=0.2", "--wait", "1")
    assert told.returncode == 0, told.stderr
    assert "frame 9," in told.stdout


def test_a_device_that_is_not_there_yet_is_waited_for():
    port = free_port()
    with connect(f"ws://127.0.0.1:{port}/stream") as client:
        assert wait_until(lambda: client.connection.state is ConnectionState.OFFLINE)
        sink = open_sink(f"web:{port}")
        try:
            publish_until(sink, client, lambda each: each.frame is not None)
        finally:
            sink.close()


@pytest.mark.parametrize("module", ["client", "broker", "recording", "websocket"])
def test_the_client_needs_neither_opencv_nor_an_interpreter(module):
    code = (
        "import sys\n"
        "for heavy in ('cv2', 'ai_edge_litert', 'tflite_runtime'): sys.modules[heavy] = None\n"
        f"from device.client import connect\nimport device.client.{module}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_programs_that_use_the_client_can_be_type_checked():
    assert (ROOT / "device" / "py.typed").is_file()
