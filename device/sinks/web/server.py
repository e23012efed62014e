"""The server of the sink `web:`: pages, the stream, pictures and health."""

import asyncio
import socket
import threading
import time
from http import HTTPStatus

import orjson
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from device.messages.messages import SCHEMA
from device.sinks.web.address import WebAddress
from device.sinks.web.guard import Guard, Refusal
from device.sinks.web.mailbox import Mailbox
from device.sinks.web.pages import Page
from device.sinks.web.picture import HEAD, encode_picture
from device.sinks.web.server_thread import ServerThread, answer, listen, refuse
from device.sources.frame import Frame

SUBPROTOCOL = Subprotocol(f"landmarks-{SCHEMA}")
"""What a browser that must show a token offers beside it."""

MAX_VIEWERS = 64
"""Beyond this a viewer is asked to come again."""

SEND_BUFFER_BYTES = 128 * 1024
"""Of each socket: what lies in a larger one is old when a viewer that stalled reads on."""

PICTURE_SECONDS = 2.0
"""How long a request for a single picture waits for it."""


class WebServer:
    """Serves pages, the stream and pictures until it is closed."""

    def __init__(self, address: WebAddress, token: str | None, pages: dict[str, Page]) -> None:
        """Serve from now on.

        Args:
            address: where, and to whom.
            token: what viewers must show, or None.
            pages: path to file.

        Raises:
            MissingOutsideError: the port is taken, or the host is none of this machine's.
        """
        self._guard, self._pages = Guard(address.origins, token), pages
        self._owner_allows, self._picture_public = address.picture, False
        self._viewers: dict[ServerConnection, Mailbox] = {}
        self._picture_viewers: set[ServerConnection] = set()
        self._picture_wanted_until = 0.0
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._frame_due: bytes | None = None
        self._picture_due: Frame | None = None
        self._encoding = False
        self._picture: asyncio.Future[bytes] | None = None
        listening = listen("web", address.host, address.port)
        self._server = ServerThread("web", listening, self._answer, self._on_viewer, SUBPROTOCOL)
        self.port = self._server.port
        """The port that was taken."""

    # Called by the daemon's thread: each hands over and returns.

    def post_frame(self, line: bytes) -> None:
        """Give every viewer the newest frame; one that has not been delivered yet is replaced."""
        if not self._viewers:
            return
        with self._lock:
            waiting, self._frame_due = self._frame_due is not None, line
        if not waiting:
            self._server.call(self._deliver_frame)

    def post_note(self, kind: str, line: bytes, *, keep: bool) -> None:
        """Give every viewer another message, and later viewers too if it is to be kept."""
        self._server.call(self._deliver_note, kind if keep else None, line)

    def post_picture(self, frame: Frame) -> None:
        """Give a picture to the viewers that asked for pictures, if it is public or its owner allows it."""
        self._picture_public = frame.public
        if not self.wants_pictures:
            return
        with self._lock:
            self._picture_due = frame
        self._server.call(self._encode_next)

    @property
    def wants_pictures(self) -> bool:
        """Whether somebody who may see the pictures of now is looking."""
        looked_at = bool(self._picture_viewers) or time.monotonic() < self._picture_wanted_until
        return self._picture_allowed and looked_at

    @property
    def _picture_allowed(self) -> bool:
        """Whether who may see the landmarks may see the picture."""
        return self._owner_allows or self._picture_public

    @property
    def viewers(self) -> int:
        """How many are connected."""
        return len(self._viewers)

    @property
    def died(self) -> bool:
        """Whether the server has ended by a fault of ours."""
        return self._server.died

    def close(self) -> None:
        """Disconnect every viewer and end; closing twice does no harm."""
        self._server.close()

    # Everything below runs in the loop's thread.

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
        encoded = self._server.loop.run_in_executor(None, encode_picture, frame)
        encoded.add_done_callback(self._deliver_picture)

    def _deliver_picture(self, encoded: "asyncio.Future[bytes]") -> None:
        self._encoding = False
        if self._server.ending.is_set():
            return
        picture = encoded.result()
        for viewer in self._picture_viewers:
            self._viewers[viewer].put_picture(picture)
        if self._picture is not None and not self._picture.done():
            self._picture.set_result(picture)
        self._encode_next()

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request for a file; None goes on to the WebSocket."""
        path = request.path.partition("?")[0]
        refusal = self._guard.check_host(request.headers)
        if refusal is None and path in ("/stream", "/health", "/picture"):
            refusal = self._guard.check_viewer(request.headers, connection.remote_address[0])
        if refusal is not None:
            return refuse(refusal)
        if path == "/stream":
            full = Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE, f"{MAX_VIEWERS} viewers are connected already; come again"
            )
            return refuse(full) if len(self._viewers) >= MAX_VIEWERS else None
        if path == "/health":
            return self._health()
        if path == "/picture":
            return await self._one_picture()
        return self._file(path, request.headers)

    def _file(self, path: str, headers: Headers) -> Response:
        page = self._pages.get(path)
        if page is None:
            return refuse(Refusal(HTTPStatus.NOT_FOUND, "no such page; the view is at /"))
        # The client module is public code: pages of other servers may load it.
        more = {"ETag": page.etag, "Cache_Control": "no-cache", "Access_Control_Allow_Origin": "*"}
        if page.etag in headers.get_all("If-None-Match"):
            return answer(HTTPStatus.NOT_MODIFIED, b"", page.media_type, **more)
        return answer(HTTPStatus.OK, page.content, page.media_type, **more)

    def _health(self) -> Response:
        """The newest health and status messages and the number of viewers, as one object."""
        kept = {kind: orjson.Fragment(line) for kind, line in self._kept.items()}
        pictures = {"picture": self._picture_allowed, "picture_public": self._picture_public}
        body = orjson.dumps({"viewers": len(self._viewers), **pictures, **kept})
        return answer(HTTPStatus.OK, body, "application/json", Cache_Control="no-store")

    async def _one_picture(self) -> Response:
        if not self._picture_allowed:
            return refuse(Refusal(HTTPStatus.NOT_FOUND, "pictures are off; serve with ?picture=1"))
        self._picture_wanted_until = time.monotonic() + PICTURE_SECONDS
        if self._picture is None or self._picture.done():
            self._picture = self._server.loop.create_future()
        try:
            picture = await asyncio.wait_for(asyncio.shield(self._picture), PICTURE_SECONDS)
        except TimeoutError:
            return refuse(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no picture came; the camera gives none"))
        return answer(HTTPStatus.OK, picture[HEAD.size :], "image/jpeg", Cache_Control="no-store")

    async def _on_viewer(self, connection: ServerConnection) -> None:
        """Send what the mailbox holds until the viewer goes."""
        # Buffers that the kernel grows by itself would hold seconds of old frames.
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
        """Handle a viewer's requests; one that cannot be understood is ignored."""
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
            wanted = request.get("on") is True
            (self._picture_viewers.add if wanted else self._picture_viewers.discard)(connection)
