"""The sink `web:`: messages to browsers."""

import os
import sys

from device.messages.messages import FrameMessage, Health, Message, Status
from device.sinks.web.address import TOKEN_VARIABLE, WebAddress, find_token
from device.sinks.web.pages import BUILT, load_pages
from device.sinks.web.server import WebServer
from device.sources.frame import Frame
from device.support.condition import Condition


class WebSink:
    """Gives each message to the web server and returns at once."""

    def __init__(self, server: WebServer) -> None:
        self._server = server

    @property
    def condition(self) -> Condition:
        """Always OK: a viewer that goes away is nothing to the daemon."""
        return Condition()

    @property
    def port(self) -> int:
        """TCP port that is served."""
        return self._server.port

    @property
    def wants_pictures(self) -> bool:
        """Whether somebody who may see them is looking at pictures; otherwise none is encoded."""
        return self._server.wants_pictures

    @property
    def wants_frame_lines(self) -> bool:
        """Whether anybody is looking."""
        return self._server.viewers > 0

    def publish(self, message: Message, line: bytes) -> None:
        """Hand over one encoded message; never waits.

        Raises:
            RuntimeError: the server has died of a fault of ours.
        """
        if self._server.died:
            raise RuntimeError("the web server has died; its traceback is above")
        if isinstance(message, FrameMessage):
            if line:
                self._server.post_frame(line)
        else:
            kind = type(message).__name__.lower()
            self._server.post_note(kind, line, keep=isinstance(message, Status | Health))

    def show(self, frame: Frame) -> None:
        """Hand over the picture of the frame that is about to be published; encoded only if it is wanted."""
        self._server.post_picture(frame)

    def close(self) -> None:
        """Disconnect every viewer."""
        self._server.close()


def _notice(address: WebAddress, port: int, token: str | None) -> str:
    """The line on standard error that gives the address; it never has the token itself."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    parts = [f"web: http://{host}:{port}/"]
    if token is not None:
        parts.append(f"token: the value of {TOKEN_VARIABLE}")
    if address.picture:
        parts.append("pictures of faces are shown")
    if not (BUILT / "index.html").is_file():
        parts.append("plain view; `make web` builds the full one")
    return "; ".join(parts)


def open_web_sink(address: WebAddress) -> WebSink:
    """Serve the stream at an address.

    Raises:
        UsageError: a token that cannot be used.
        RefusedError: open to the network without a token.
        MissingOutsideError: the port is taken, or the host is none of this machine's.
    """
    token = find_token("web", address.host, os.environ)
    server = WebServer(address, token, load_pages())
    print(_notice(address, server.port, token), file=sys.stderr, flush=True)
    return WebSink(server)
