"""A web sink that serves on a free port, and ways to ask it."""

import urllib.error
import urllib.request

import pytest

from device.sinks import open_sink
from device.sinks.web.address import TOKEN_VARIABLE


class Served:
    """A sink and its address."""

    def __init__(self, sink):
        self.sink = sink
        self.authority = f"127.0.0.1:{sink.port}"
        self.stream = f"ws://{self.authority}/stream"

    def get(self, path, **headers):
        """(status, headers, body) of one request."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://{self.authority}{path}", headers=names)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


@pytest.fixture
def serve(monkeypatch):
    """Serve at a free port: `serve("picture=1", token=...)`."""
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    sinks = []

    def start(options="", host="", token=None):
        if token is not None:
            monkeypatch.setenv(TOKEN_VARIABLE, token)
        sink = open_sink(f"web:{host}0" + (f"?{options}" if options else ""))
        sinks.append(sink)
        return Served(sink)

    yield start
    for sink in sinks:
        sink.close()
