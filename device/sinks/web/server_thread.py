"""An HTTP server in a thread and an event loop of its own, so that no client ever holds the daemon."""

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from device.contract.errors import MissingOutsideError
from device.sinks.web.address import SERVER_NAME, family_of, reason_of
from device.sinks.web.guard import Refusal

MAX_MESSAGE_BYTES = 1024
"""Of a client's message: it has little to say."""

WRITE_LIMIT_BYTES = 16 * 1024
"""Of each connection: above it, sending waits, and newer frames replace older ones."""

REQUEST_SECONDS = 5.0
"""A client that takes longer to send its request is disconnected."""

SAFETY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page loads nothing from elsewhere, and no other page may show it in a frame."""

AnswerRequest = Callable[[ServerConnection, Request], Awaitable[Response | None]]
"""Answers a request; None goes on to the WebSocket."""


def _quiet_logger() -> logging.Logger:
    """Only faults of ours: scanners and handshakes that are broken off are everyday, and mean nothing."""
    logger = logging.getLogger("device.sinks.web.connections")
    logger.setLevel(logging.ERROR)
    logger.addFilter(lambda record: "handshake" not in record.getMessage())
    return logger


def listen(sink: str, host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Args:
        sink: the scheme, for the message.
        host: name or number of an address of this machine.
        port: TCP.

    Raises:
        MissingOutsideError: the port is taken, or the host is none of this machine's.
    """
    try:
        return socket.create_server((host, port), family=family_of(host))
    except OSError as error:
        raise MissingOutsideError(
            f"sink {sink}: cannot listen at {host}:{port}: {reason_of(error)}; "
            f"choose another port, as in {sink}:8081, or stop what listens there"
        ) from error


def answer(status: HTTPStatus, body: bytes, media_type: str, **more: str) -> Response:
    """A response; further headers are given with underscores."""
    headers = Headers(**SAFETY_HEADERS)
    headers["Content-Type"] = media_type
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    for name, value in more.items():
        headers[name.replace("_", "-")] = value
    return Response(status.value, status.phrase, headers, body)


def refuse(refusal: Refusal) -> Response:
    """The response that says why not."""
    return answer(refusal.status, f"{refusal.reason}\n".encode(), "text/plain; charset=utf-8")


class ServerThread:
    """Serves until it is closed."""

    def __init__(
        self,
        name: str,
        listening: socket.socket,
        answer_request: AnswerRequest,
        on_connection: Callable[[ServerConnection], Awaitable[None]],
        subprotocol: Subprotocol | None = None,
    ) -> None:
        """Serve from now on.

        Args:
            name: of the thread.
            listening: as `listen` gives it; closed with the server.
            answer_request: called in the loop's thread for each request.
            on_connection: runs in the loop's thread for each WebSocket.
            subprotocol: of the WebSocket, if a client offers it.
        """
        self.port: int = listening.getsockname()[1]
        """The port that was taken."""
        self.loop = asyncio.new_event_loop()
        self.ending = asyncio.Event()
        """Set when the server is about to end."""
        self._listening, self._answer, self._on_connection = listening, answer_request, on_connection
        self._subprotocol = subprotocol
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def died(self) -> bool:
        """Whether the thread has ended by a fault of ours."""
        return not self._thread.is_alive() and not self.ending.is_set()

    def call(self, callback: Callable[..., object], *arguments: Any) -> None:
        """Have a function called in the loop's thread, soon.

        Raises:
            RuntimeError: the thread has ended.
        """
        self.loop.call_soon_threadsafe(callback, *arguments)

    def close(self) -> None:
        """Disconnect every client and end the thread; closing twice does no harm."""
        if self._thread.is_alive():
            self.call(self.ending.set)
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._serve())
        finally:
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()

    async def _serve(self) -> None:
        async with serve(
            self._on_connection,
            sock=self._listening,
            process_request=self._answer,
            select_subprotocol=self._select_subprotocol,
            compression=None,  # costs more time than a local network saves
            open_timeout=REQUEST_SECONDS,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=4,
            write_limit=WRITE_LIMIT_BYTES,
            close_timeout=1,
            logger=_quiet_logger(),
            server_header=SERVER_NAME,
        ):
            await self.ending.wait()

    def _select_subprotocol(self, _: ServerConnection, offered: object) -> Subprotocol | None:
        return self._subprotocol if self._subprotocol in offered else None  # type: ignore[operator]
