"""Streams of the network: a real HTTP server, a server that says nothing, and nobody at all."""

import functools
import http.server
import socket
import threading
import time

import pytest

from device.contract.errors import MissingOutsideError
from device.sources import network
from device.sources.frame import Frame, Pause, Unreadable
from device.sources.network import without_password
from device.sources.open import open_source
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


def test_a_password_is_not_shown() -> None:
    assert without_password("rtsp://me:secret@host:554/x@y") == "rtsp://...@host:554/x@y"
    assert without_password("http://host/x@y") == "http://host/x@y"
