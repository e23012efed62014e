"""Streams of the network: a real HTTP server, a server that says nothing, and nobody at all."""

import functools
import hashlib
import http.server
import itertools
import re
import socket
import threading
import time

import cv2
import numpy as np
import pytest

from device.contract.errors import LandmarksError, MissingOutsideError, UsageError
from device.sources.camera import network
from device.sources.camera.camera_url import parse_camera_url
from device.sources.camera.network import NetworkCamera
from device.sources.camera.stream_clock import StreamClock
from device.sources.frame import Frame, Pause, Unreadable
from device.sources.open import open_source
from device.sources.settings import CameraSettings
from tests.device.sources.test_images import jpeg_turned_by_exif
from tests.device.sources.test_video import write_video


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    """A web server with a film of 30 frames; its port."""
    write_video(tmp_path / "film.avi")
    handler = functools.partial(QuietHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield web.server_port
        web.shutdown()
        thread.join()


def test_a_film_is_streamed_and_when_it_ends_opened_again(server) -> None:
    items = []
    with open_source(f"http://127.0.0.1:{server}/film.avi?mirror=1") as source:
        for item in source:
            if not isinstance(item, Pause):
                items.append(item)
            if isinstance(item, Frame) and any(isinstance(each, Unreadable) for each in items):
                break
    assert (source.name, source.live) == ("http", True)
    assert items[-1].size_wh == (64, 48)
    errors = [item.reason for item in items if isinstance(item, Unreadable)]
    assert errors
    assert all(reason.endswith("s; opening it again in 0.1 s") for reason in errors)
    assert items[-1].sequence >= 30


def test_a_silent_server_is_given_up_in_time(monkeypatch) -> None:
    monkeypatch.setattr(network, "OPEN_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(MissingOutsideError, match=r"rtsp://\.\.\.@127.* gives no video within 0.5 s"):
            open_source(f"rtsp://me:secret@127.0.0.1:{silent.getsockname()[1]}/x")
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://admin:hunter@two@127.0.0.1:1/x",
        "rtsp://admin:hunter/two@127.0.0.1:1/x",
        "rtsp://admin:hunter?two@127.0.0.1:1/x",
        "rtsp://admin:hunter%40two@127.0.0.1:1/x",
        "rtsp://hunter:two@127.0.0.1:1/x",
        "http://127.0.0.1:1/snapshot.cgi?usr=hunter&pwd=two",
        "http://127.0.0.1:1/snapshot.cgi?channel=hunter?",
        "http://127.0.0.1:1/snapshot.cgi?hunter",
        "rtsp://127.0.0.1:1/user=hunter_password=two_channel=1.sdp",
        "http://[hunter:two",
        "rtsp://hunter:two@:1/x",
    ],
)
def test_no_part_of_a_secret_is_in_any_text(url: str, capfd) -> None:
    with pytest.raises(LandmarksError) as caught:
        open_source(url, CameraSettings())
    written = capfd.readouterr()
    for text in (str(caught.value), repr(caught.value), written.out, written.err):
        assert "hunter" not in text
        assert "two" not in text.replace("network", "")


@pytest.mark.parametrize(
    ("address", "environment", "url"),
    [
        ("rtsp://me:a@b@cam/x", {}, "rtsp://me:a%40b@cam:554/x"),
        ("rtsp://me:a/b@cam:8554/x", {}, "rtsp://me:a%2Fb@cam:8554/x"),
        ("rtsp://me:a%40b@cam/x", {}, "rtsp://me:a%40b@cam:554/x"),
        ("rtsp://cam/x@1", {}, "rtsp://cam:554/x@1"),
        ("rtsp://[::1]:8554/x?a=1", {}, "rtsp://[::1]:8554/x?a=1"),
        ("rtsp://cam/x", {"USER": "me", "PASSWORD": "a/@b"}, "rtsp://me:a%2F%40b@cam:554/x"),
        ("rtsp://you@cam/x", {"USER": "me", "PASSWORD": "s"}, "rtsp://you:s@cam:554/x"),
        (
            "http://cam/snap?u={user}&p={password}",
            {"USER": "me", "PASSWORD": "a&b"},
            "http://cam:80/snap?u=me&p=a%26b",
        ),
    ],
)
def test_user_and_password_come_from_the_address_or_the_environment(address, environment, url) -> None:
    named = {f"LANDMARKS_SOURCE_{name}": value for name, value in environment.items()}
    parsed = parse_camera_url(address, named)
    assert parsed.url == url
    assert all(value not in repr(parsed) for value in environment.values() if len(value) > 2)


def test_a_placeholder_without_its_variable_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"\{password\} stands for LANDMARKS_SOURCE_PASSWORD, which is not set"
    ):
        parse_camera_url("http://cam/x?usr={user}&pwd={password}", {"LANDMARKS_SOURCE_USER": "me"})


class Camera(http.server.BaseHTTPRequestHandler):
    """Wants Digest authentication, and has no video even then."""

    def do_GET(self):
        right = 'username="me"' in self.headers.get("Authorization", "") and self.answer_fits()
        self.send_response(200 if right else 401)
        self.send_header("WWW-Authenticate", 'Digest realm="cam", nonce="n", algorithm=MD5')
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"no video" if right else b"")

    def answer_fits(self):
        """RFC 2617 without qop: MD5(MD5(user:realm:password):nonce:MD5(method:uri))."""
        given = re.search('response="([0-9a-f]+)"', self.headers["Authorization"])[1]
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
        return given == md5(f"{md5('me:cam:secret')}:n:{md5(f'GET:{self.path}')}")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def locked_camera():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield web.server_port
        web.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ("", "wants a user and a password; set LANDMARKS_SOURCE_USER"),
        ("me:wrong@", "refuses user and password"),
        ("me:secret@", "gives no video within"),
    ],
)
def test_a_wrong_password_is_told_from_no_video(locked_camera, login: str, says: str) -> None:
    with pytest.raises(MissingOutsideError, match=says):
        open_source(f"http://{login}127.0.0.1:{locked_camera}/x")


def test_a_camera_that_is_not_there_is_told_from_one_without_video() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(MissingOutsideError, match=f"refuses the connection: nothing listens at port {port}"):
        open_source(f"rtsp://127.0.0.1:{port}/x")
    with pytest.raises(MissingOutsideError, match="no host of the name in"):
        open_source("rtsp://no-such-host.invalid/x")


def test_an_rtsp_camera_that_refuses_the_password_says_so(monkeypatch) -> None:
    def serve(listener):
        for _ in range(8):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while request := connection.recv(2000):
                    number = re.search(rb"CSeq: *(\d+)", request)
                    answer = b"RTSP/1.0 401 Unauthorized\r\nCSeq: %b\r\n" % (number[1] if number else b"1")
                    connection.sendall(answer + b'WWW-Authenticate: Basic realm="cam"\r\n\r\n')

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(MissingOutsideError, match="refuses user and password"):
            open_source(f"rtsp://me:secret@127.0.0.1:{listener.getsockname()[1]}/x")


def test_a_frame_that_the_network_held_up_keeps_its_time() -> None:
    clock, period_ns = StreamClock(), 40_000_000
    delays_ms = [30, 10, 10, 200, 160, 120, 10]
    arrived = [10**12 + number * period_ns + delay * 10**6 for number, delay in enumerate(delays_ms)]
    captured = [clock.captured_ns(number * period_ns, at) for number, at in enumerate(arrived)]
    # From the second frame on the fastest one is known: the rest lie a period apart, to MAX_RISE.
    steps = [after - before for before, after in itertools.pairwise(captured[1:])]
    assert all(abs(step - period_ns) < 1e-3 * 3 * period_ns + 2e5 for step in steps)
    assert all(at >= when for at, when in zip(arrived, captured, strict=True))


def test_a_stream_clock_that_jumps_is_set_anew() -> None:
    clock = StreamClock()
    clock.captured_ns(0, 10**12)
    assert clock.captured_ns(3600 * 10**9, 10**12 + 10**8) == 10**12 + 10**8
    assert clock.captured_ns(0, 10**12 + 2 * 10**8) == 10**12 + 2 * 10**8


class Pictures(http.server.BaseHTTPRequestHandler):
    """A JPEG camera: small.jpg is one of 4x2 whose EXIF orientation asks for a quarter turn."""

    def do_GET(self):
        small, huge = jpeg_turned_by_exif(), jpeg_of_size(12000, 9000)
        self.send_response(200)
        if self.path == "/snapshot.jpg":
            self.send_header("Content-Type", "image/jpeg")
            self.end_headers()
            self.wfile.write(small)
            return
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
        self.end_headers()
        for data in [small, huge, small] if self.path == "/grows" else [small] * 9:
            self.wfile.write(b"--b\r\nContent-Type: image/jpeg\r\n")
            self.wfile.write(b"Content-Length: %d\r\n\r\n%b\r\n" % (len(data), data))

    def log_message(self, *arguments):
        pass


def jpeg_of_size(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


@pytest.fixture
def jpeg_camera():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


def first_items(camera, count):
    return list(itertools.islice(NetworkCamera(parse_camera_url(camera)), count))


def test_a_cameras_pictures_are_turned_as_their_exif_orientation_says(jpeg_camera) -> None:
    assert [frame.size_wh for frame in first_items(f"{jpeg_camera}/turned", 3)] == [(2, 4)] * 3


def test_pictures_of_too_many_pixels_are_refused_before_they_are_decoded(jpeg_camera) -> None:
    first, bad, last = first_items(f"{jpeg_camera}/grows", 3)
    assert isinstance(bad, Unreadable)
    assert "12000x9000 pixels, wanted at most 16 million" in bad.reason
    assert isinstance(first, Frame)
    assert isinstance(last, Frame)


def test_a_stream_of_too_many_pixels_is_refused_at_once(server, monkeypatch) -> None:
    monkeypatch.setattr(network, "MAX_NETWORK_PIXELS", 64 * 48 - 1)
    with pytest.raises(MissingOutsideError, match=r"film\.avi sends 64x48 pixels, wanted at most"):
        open_source(f"http://127.0.0.1:{server}/film.avi")


def test_a_snapshot_address_is_called_one(jpeg_camera) -> None:
    with pytest.raises(MissingOutsideError, match="sends one picture and ends; give the address of a stream"):
        first_items(f"{jpeg_camera}/snapshot.jpg", 2)
