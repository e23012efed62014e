"""The web sink over real sockets: pages, the stream, pictures, refusals, and viewers that read nothing."""

import json
import socket
import threading
import time

import cv2
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from device.contract.errors import MissingOutsideError
from device.contract.geometry import Box
from device.messages import messages as events
from device.sinks import open_sink
from device.sources.frame import Frame
from device.support.condition import Condition, State

TOKEN = "0123456789abcdef"


def a_frame_message(sequence):
    landmarks = np.linspace(100, 300, 136).reshape(68, 2)
    face = events.FaceMessage(1, 0.9, Box.around(landmarks), landmarks, np.full(68, 0.5))
    now = time.monotonic_ns()
    size, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 1, 0, 1)
    return events.FrameMessage("demo", sequence, now, now, size, [face], timing, "m@00000000")


def publish(sink, message):
    sink.publish(message, events.encode(message))


def wait_for(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def viewers(served):
    return json.loads(served.get("/health")[2])["viewers"]


def test_a_viewer_gets_the_line_that_every_sink_gets(serve):
    served = serve()
    with connect(served.stream) as viewer:
        wait_for(lambda: viewers(served) == 1)
        message = a_frame_message(7)
        publish(served.sink, message)
        received = viewer.recv(timeout=5)
    assert isinstance(received, str)
    assert received.encode() == events.encode(message)


def test_who_comes_late_is_told_state_and_health_first(serve):
    served = serve()
    publish(served.sink, events.Status("demo", 1))
    publish(served.sink, events.Status("demo", 2, camera=Condition(State.LOST, "gone")))
    publish(served.sink, events.Health("demo", 1, 2, 3.0, 4, 0, 0))
    with connect(served.stream) as viewer:
        told = [json.loads(viewer.recv(timeout=5)) for _ in range(2)]
    assert [(each["type"], each.get("camera", {}).get("state")) for each in told] == [
        ("status", "lost"),
        ("health", None),
    ]
    body = json.loads(served.get("/health")[2])
    assert body["status"] == told[0]
    assert body["health"] == told[1]


def test_a_ping_is_answered_by_the_devices_clock(serve):
    served = serve()
    with connect(served.stream) as viewer:
        before = time.monotonic_ns()
        viewer.send('{"type":"ping","sent_ms":12.5}')
        pong = json.loads(viewer.recv(timeout=5))
        after = time.monotonic_ns()
    assert (pong["type"], pong["schema"], pong["sent_ms"]) == ("pong", 1, 12.5)
    assert before <= pong["monotonic_ns"] <= after


NONSENSE = [
    "",
    "{",
    "7",
    "[]",
    '{"type":"ping"}',
    '{"type":"ping","sent_ms":NaN}',
    b"\x00\xff",
    '{"type":"?"}',
]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_a_request_that_makes_no_sense_changes_nothing(serve, nonsense):
    served = serve()
    with connect(served.stream) as viewer:
        viewer.send(nonsense)
        viewer.send('{"type":"ping","sent_ms":1}')
        assert json.loads(viewer.recv(timeout=5))["type"] == "pong"


def test_a_request_that_is_far_too_long_ends_that_viewer_only(serve):
    served = serve()
    with connect(served.stream) as quiet, connect(served.stream) as loud:
        loud.send("x" * 100_000)
        wait_for(lambda: viewers(served) == 1)
        publish(served.sink, a_frame_message(1))
        assert json.loads(quiet.recv(timeout=5))["sequence"] == 1


def test_a_viewer_that_reads_nothing_holds_nobody_and_then_gets_the_newest(serve):
    served = serve("picture=1")
    picture = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    # A window this small is full after one picture: what waits must wait in the mailbox.
    raw = socket.create_connection(("127.0.0.1", served.sink.port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with connect(served.stream) as brisk, connect(served.stream, sock=raw, max_queue=1) as stalled:
        stalled.send('{"type":"picture","on":true}')
        wait_for(lambda: viewers(served) == 2 and served.sink.wants_pictures)
        got = []
        reader = threading.Thread(target=lambda: got.extend(json.loads(each)["sequence"] for each in brisk))
        reader.start()
        slowest = 0.0
        for sequence in range(300):
            begun = time.perf_counter()
            served.sink.show(Frame(picture, sequence, 0))
            publish(served.sink, a_frame_message(sequence))
            slowest = max(slowest, time.perf_counter() - begun)
            time.sleep(0.005)
        wait_for(lambda: got and got[-1] == 299)
        # Handing over never waits for a viewer; the bound is for a machine with other work.
        assert slowest < 0.2
        # The stalled one reads on: it has missed most, and what it gets last is the newest.
        sequences = []
        while not sequences or sequences[-1] != 299:
            received = stalled.recv(timeout=30)
            if isinstance(received, str):
                sequences.append(json.loads(received)["sequence"])
        served.sink.close()
        reader.join()
    assert len(sequences) < 200
    assert sequences == sorted(sequences)


def test_pictures_come_with_their_number_only_where_they_are_allowed_and_asked_for(serve):
    served = serve("picture=1")
    image = np.full((480, 640, 3), 200, np.uint8)
    with connect(served.stream) as viewer:
        assert not served.sink.wants_pictures
        viewer.send('{"type":"picture","on":true}')
        wait_for(lambda: served.sink.wants_pictures)
        served.sink.show(Frame(image, 258, 0))
        data = viewer.recv(timeout=5)
        assert data[:8] == bytes([0, 0, 0, 0, 0, 0, 1, 2])
        shown = cv2.imdecode(np.frombuffer(data[8:], np.uint8), cv2.IMREAD_COLOR)
        assert np.abs(shown.astype(int) - image).max() <= 2
        viewer.send('{"type":"picture","on":false}')
        wait_for(lambda: not served.sink.wants_pictures)


def test_without_permission_there_are_no_pictures(serve):
    served = serve()
    with connect(served.stream) as viewer:
        viewer.send('{"type":"picture","on":true}')
        viewer.send('{"type":"ping","sent_ms":1}')
        viewer.recv(timeout=5)
        assert not served.sink.wants_pictures
    status, _, body = served.get("/picture")
    assert status == 404
    assert b"?picture=1" in body


def test_what_is_public_is_shown_without_permission_and_what_follows_it_is_not(serve):
    served = serve()
    image = np.zeros((48, 64, 3), np.uint8)

    def health():
        answer = json.loads(served.get("/health")[2])
        return answer["picture"], answer["picture_public"]

    assert health() == (False, False)
    served.sink.show(Frame(image, 0, 0, public=True))
    assert health() == (True, True)
    with connect(served.stream) as viewer:
        viewer.send('{"type":"picture","on":true}')
        wait_for(lambda: served.sink.wants_pictures)
        served.sink.show(Frame(image, 1, 0, public=True))
        assert viewer.recv(timeout=5)[:8] == bytes([0, 0, 0, 0, 0, 0, 0, 1])
        # The daemon was told to go on with a camera: its viewer asked, but nobody has allowed it.
        served.sink.show(Frame(image, 2, 0))
        assert health() == (False, False)
        publish(served.sink, a_frame_message(2))
        assert json.loads(viewer.recv(timeout=5))["sequence"] == 2


def test_a_single_picture_is_made_when_it_is_asked_for(serve):
    served = serve("picture=1")
    answers = []
    asking = threading.Thread(target=lambda: answers.append(served.get("/picture")))
    asking.start()
    wait_for(lambda: served.sink.wants_pictures)
    served.sink.show(Frame(np.zeros((48, 64, 3), np.uint8), 0, 0))
    asking.join(10)
    status, headers, body = answers[0]
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)


def test_pages_are_served_with_rules_that_keep_them_to_themselves(serve):
    served = serve()
    for path in ("/", "/plain/", "/plain/plain.js"):
        status, headers, body = served.get(path)
        assert status == 200
        assert len(body) > 100
        assert "default-src 'self'" in headers["Content-Security-Policy"]
    status, headers, _ = served.get("/plain/plain.js")
    assert served.get("/plain/plain.js", If_None_Match=headers["ETag"])[0] == 304


@pytest.mark.parametrize(
    "path", ["/nothing", "/../sink.py", "/plain/../../sink.py", "/%2e%2e/sink.py", "//etc/passwd"]
)
def test_nothing_else_is_served(serve, path):
    assert serve().get(path)[0] == 404


def test_a_wrong_token_a_wrong_origin_and_a_wrong_name_are_refused(serve):
    served = serve(token=TOKEN)

    def status_of(**options):
        with pytest.raises(InvalidStatus) as caught:
            connect(served.stream, **options)
        return caught.value.response.status_code

    assert status_of() == 401
    assert status_of(additional_headers={"Authorization": "Bearer wrong-wrong-wrong"}) == 401
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert status_of(additional_headers=right, origin="https://evil.example") == 403
    with connect(served.stream, additional_headers=right) as viewer:
        assert viewer.subprotocol is None
    with connect(served.stream, subprotocols=["landmarks-1", f"token.{TOKEN}"]) as viewer:
        assert viewer.subprotocol == "landmarks-1"
    assert served.get("/health")[0] == 401
    assert served.get("/picture")[0] == 401
    assert served.get("/health", **right)[0] == 200
    assert served.get("/")[0] == 200


def test_a_name_that_was_pointed_at_us_sees_nothing(serve):
    served = serve()
    assert served.get("/", Host="evil.example")[0] == 403
    assert served.get("/health", Host="evil.example:80")[0] == 403


def test_neither_notice_nor_logs_hold_the_token(serve, capfd, caplog):
    served = serve(token=TOKEN)
    served.get(f"/health?token={TOKEN}")
    with pytest.raises(InvalidStatus):
        connect(served.stream, additional_headers={"Authorization": f"Bearer {TOKEN}x"})
    served.sink.close()
    said = capfd.readouterr()
    assert f"web: http://127.0.0.1:{served.sink.port}/" in said.err
    assert TOKEN not in said.err + said.out + caplog.text


def test_garbage_instead_of_a_request_is_everyday_and_says_nothing(serve, capfd):
    served = serve()
    capfd.readouterr()
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\nHost" + b"x" * 20000,
        b"POST / HTTP/1.1\r\n\r\n",
        b"",
    ):
        with socket.create_connection(("127.0.0.1", served.sink.port), timeout=5) as raw:
            raw.sendall(garbage)
    assert served.get("/health")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_told_with_what_to_do(serve):
    served = serve()
    with pytest.raises(MissingOutsideError) as caught:
        open_sink(f"web:{served.sink.port}")
    assert "choose another port" in str(caught.value)


def test_closing_says_good_bye_and_twice_does_no_harm(serve):
    served = serve()
    before = threading.active_count()
    with connect(served.stream) as viewer:
        served.sink.close()
        served.sink.close()
        with pytest.raises(Exception, match="1001"):
            viewer.recv(timeout=5)
    assert threading.active_count() <= before
