"""The web server: one event loop in a thread of its own, so that no viewer ever holds the daemon."""

import asyncio
import logging
import socket
import threading
import time
from http import HTTPStatus

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from device.contract.errors import MissingOutsideError
from device.messages.messages import SCHEMA
from device.sinks.web.address import WebAddress
from device.sinks.web.guard import Guard, Refusal
from device.sinks.web.mailbox import Mailbox
from device.sinks.web.pages import Page
from device.sinks.web.picture import HEAD, encode_picture
from device.sources.frame import Frame

SUBPROTOCOL = Subprotocol(f"landmarks-{SCHEMA}")
"""What a browser that must show a token offers beside it."""

MAX_VIEWERS = 64
"""Beyond this a viewer is asked to come again."""

MAX_REQUEST_BYTES = 1024
"""Of a viewer's message: it has little to say."""

SEND_BUFFER_BYTES = 128 * 1024
"""Of each socket: what lies in a larger one is old when a viewer that stalled reads on."""

WRITE_LIMIT_BYTES = 16 * 1024
"""Of each connection: above it, sending waits and the mailbox lets newer frames win."""

PICTURE_SECONDS = 2.0
"""How long a request for a single picture waits for it."""

SAFETY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page loads nothing from elsewhere, and no other page may show it in a frame."""


def _quiet_logger() -> logging.Logger:
    """Only what is a fault of ours: scanners and broken-off handshakes are everyday, and tell nothing."""
    logger = logging.getLogger("device.sinks.web.connections")
    logger.setLevel(logging.ERROR)
    logger.addFilter(lambda record: "handshake" not in record.getMessage())
    return logger


def listen(address: WebAddress) -> socket.socket:
    """A listening socket.

    Raises:
        MissingOutsideError: the port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise MissingOutsideError(
            f"sink web: cannot listen at {address.host}:{address.port}: {error.strerror}; "
            "choose another port, as in web:8081, or stop what listens there"
        ) from error


def _answer(status: HTTPStatus, body: bytes, media_type: str, **more: str) -> Response:
    headers = Headers(**SAFETY_HEADERS)
    headers["Content-Type"] = media_type
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    for name, value in more.items():
        headers[name.replace("_", "-")] = value
    return Response(status.value, status.phrase, headers, body)


def _say(refusal: Refusal) -> Response:
    return _answer(refusal.status, f"{refusal.reason}\n".encode(), "text/plain; charset=utf-8")


class WebServer:
    """Serves pages, the stream and pictures until it is closed."""

    def __init__(self, address: WebAddress, token: str | None, pages: dict[str, Page]) -> None:
        """Listen, and serve from a thread of its own.

        Args:
            address: where, and to whom.
            token: what viewers must show, or None.
            pages: path to file.

        Raises:
            MissingOutsideError: the port cannot be had.
        """
        self._socket = listen(address)
        self.port: int = self._socket.getsockname()[1]
        """The port that was taken."""
        self._guard, self._pages = Guard(address, token), pages
        self._picture_allowed = address.picture
        self._viewers: dict[ServerConnection, Mailbox] = {}
        self._picture_viewers: set[ServerConnection] = set()
        self._picture_wanted_until = 0.0
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._frame_due: bytes | None = None
        self._picture_due: Frame | None = None
        self._encoding = False
        self._picture: asyncio.Future[bytes] | None = None
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    # Called by the daemon's thread: each hands over and returns.

    def post_frame(self, line: bytes) -> None:
        """Give every viewer the newest frame; one that the loop had no time for is replaced."""
        if not self._viewers:
            return
        with self._lock:
            waiting, self._frame_due = self._frame_due is not None, line
        if not waiting:
            self._loop.call_soon_threadsafe(self._deliver_frame)

    def post_note(self, kind: str, line: bytes, *, keep: bool) -> None:
        """Give every viewer another message, and later viewers too when it is to be kept."""
        self._loop.call_soon_threadsafe(self._deliver_note, kind if keep else None, line)

    def post_picture(self, frame: Frame) -> None:
        """Show a picture to those who look."""
        with self._lock:
            self._picture_due = frame
        self._loop.call_soon_threadsafe(self._encode_next)

    @property
    def wants_pictures(self) -> bool:
        """Whether somebody looks who may."""
        looked_at = bool(self._picture_viewers) or time.monotonic() < self._picture_wanted_until
        return self._picture_allowed and looked_at

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    def close(self) -> None:
        """Say good-bye to every viewer and end the thread; closing twice does no harm."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(timeout=5.0)

    # Everything below runs in the loop's thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        async with serve(
            self._on_viewer,
            sock=self._socket,
            process_request=self._process_request,
            select_subprotocol=lambda _, offered: SUBPROTOCOL if SUBPROTOCOL in offered else None,
            compression=None,  # costs more time than a local network saves
            max_size=MAX_REQUEST_BYTES,
            max_queue=4,
            write_limit=WRITE_LIMIT_BYTES,
            close_timeout=1,
            logger=_quiet_logger(),
            server_header=None,
        ):
            await self._end.wait()

    def _deliver_frame(self) -> None:
        with self._lock:
            line, self._frame_due = self._frame_due, None
        if line is not None:
            for mailbox in self._viewers.values():
                mailbox.put_frame(line)

    def _deliver_note(self, kept_as: str | None, line: bytes) -> None:
        if kept_as is not None:
            self._kept[kept_as] = line
        for mailbox in self._viewers.values():
            mailbox.put_note(line)

    def _encode_next(self) -> None:
        """Encode the newest picture beside the loop, one at a time."""
        with self._lock:
            if self._encoding or self._picture_due is None:
                return
            frame, self._picture_due, self._encoding = self._picture_due, None, True
        encoded = self._loop.run_in_executor(None, encode_picture, frame)
        encoded.add_done_callback(self._deliver_picture)

    def _deliver_picture(self, encoded: "asyncio.Future[bytes]") -> None:
        self._encoding = False
        if self._end.is_set():
            return
        picture = encoded.result()
        for viewer in self._picture_viewers:
            self._viewers[viewer].put_picture(picture)
        if self._picture is not None and not self._picture.done():
            self._picture.set_result(picture)
        self._encode_next()

    async def _process_request(self, _: ServerConnection, request: Request) -> Response | None:
        """Answer a request for a file; None goes on to the WebSocket."""
        path = request.path.partition("?")[0]
        refusal = self._guard.check_host(request.headers)
        if refusal is None and path in ("/stream", "/health", "/picture"):
            refusal = self._guard.check_viewer(request.headers)
        if refusal is not None:
            return _say(refusal)
        if path == "/stream":
            full = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"{MAX_VIEWERS} look already; come again")
            return _say(full) if len(self._viewers) >= MAX_VIEWERS else None
        if path == "/health":
            return self._health()
        if path == "/picture":
            return await self._one_picture()
        return self._file(path, request.headers)

    def _file(self, path: str, headers: Headers) -> Response:
        page = self._pages.get(path)
        if page is None:
            return _say(Refusal(HTTPStatus.NOT_FOUND, "no such page; the view is at /"))
        # The client module is public code: pages of other servers may load it.
        more = {"ETag": page.etag, "Cache_Control": "no-cache", "Access_Control_Allow_Origin": "*"}
        if page.etag in headers.get_all("If-None-Match"):
            return _answer(HTTPStatus.NOT_MODIFIED, b"", page.media_type, **more)
        return _answer(HTTPStatus.OK, page.content, page.media_type, **more)

    def _health(self) -> Response:
        """The newest health and status messages and who looks, as one object."""
        told = {kind: orjson.Fragment(line) for kind, line in self._kept.items()}
        body = orjson.dumps({"viewers": len(self._viewers), "picture": self._picture_allowed, **told})
        return _answer(HTTPStatus.OK, body, "application/json", Cache_Control="no-store")

    async def _one_picture(self) -> Response:
        if not self._picture_allowed:
            return _say(Refusal(HTTPStatus.NOT_FOUND, "pictures are off; serve with ?picture=1"))
        self._picture_wanted_until = time.monotonic() + PICTURE_SECONDS
        if self._picture is None or self._picture.done():
            self._picture = self._loop.create_future()
        try:
            picture = await asyncio.wait_for(asyncio.shield(self._picture), PICTURE_SECONDS)
        except TimeoutError:
            return _say(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no picture came; the camera gives none"))
        return _answer(HTTPStatus.OK, picture[HEAD.size :], "image/jpeg", Cache_Control="no-store")

    async def _on_viewer(self, connection: ServerConnection) -> None:
        """Send what the mailbox holds until the viewer goes."""
        # The buffers that the system would grow by itself would hold seconds of old frames.
        connection.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES
        )
        mailbox = self._viewers[connection] = Mailbox()
        for line in self._kept.values():
            mailbox.put_note(line)
        listening = asyncio.create_task(self._listen(connection, mailbox))
        try:
            while True:
                data, text = await mailbox.take()
                await connection.send(data, text=text)
        except ConnectionClosed:
            pass
        finally:
            del self._viewers[connection]
            self._picture_viewers.discard(connection)
            listening.cancel()

    async def _listen(self, connection: ServerConnection, mailbox: Mailbox) -> None:
        """Take a viewer's requests; what cannot be understood is ignored, as viewers ignore ours."""
        try:
            async for message in connection:
                self._on_request(connection, mailbox, message)
        finally:
            # Wakes the sender, which then sees that the connection is closed.
            mailbox.put_note(b"{}")

    def _on_request(self, connection: ServerConnection, mailbox: Mailbox, message: str | bytes) -> None:
        try:
            request = orjson.loads(message)
        except orjson.JSONDecodeError:
            return
        if not isinstance(request, dict):
            return
        if request.get("type") == "ping" and isinstance(request.get("sent_ms"), int | float):
            pong = {"type": "pong", "schema": SCHEMA, "sent_ms": request["sent_ms"]}
            mailbox.put_note(orjson.dumps({**pong, "monotonic_ns": time.monotonic_ns()}))
        elif request.get("type") == "picture" and self._picture_allowed:
            looks = request.get("on") is True
            (self._picture_viewers.add if looks else self._picture_viewers.discard)(connection)
