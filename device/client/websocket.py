"""The stream over a WebSocket, which is opened again whenever it breaks."""

import time
from http import HTTPStatus
from threading import Event, Thread
from urllib.parse import urlsplit, urlunsplit

import orjson
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from device.client.transport import BACKOFF_SECONDS, MAX_BYTES, Listener
from device.contract.errors import BadInputError, LandmarksError, RefusedError, UsageError
from device.sinks.web.address import TOKEN_VARIABLE

EARLY_PINGS = 8
"""Number of pings in quick succession at first, so that the device's clock is soon known."""

PING_SECONDS = (0.2, 2.0)
"""Between two early pings, and between two later ones."""

SILENCE_SECONDS = 4.0
"""A connection without any answer for this long is given up: lost Wi-Fi does not report itself."""

CONNECT_SECONDS = 3.0
"""Limit for the connection and its handshake."""


def stream_url(address: str) -> str:
    """The URL of a stream; `/stream` is added where the address has no path.

    Raises:
        UsageError: no host, or a port that is none.
    """
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"got {address!r}, wanted ws://HOST:PORT/stream")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") or "/stream", parts.query, ""))


class WebSocketTransport:
    """Keeps one connection open, on a thread of its own."""

    def __init__(self, address: str, token: str | None = None) -> None:
        """Prepare a connection.

        Raises:
            UsageError: an address that cannot be understood.
        """
        self._url, self._token = stream_url(address), token
        self._closing = Event()
        self._connection: ClientConnection | None = None
        self._thread: Thread | None = None

    def open(self, listener: Listener) -> None:
        """Connect, and stay connected."""
        self._thread = Thread(target=self._run, args=(listener,), name="landmark client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Disconnect."""
        self._closing.set()
        if self._connection is not None:
            self._connection.close()
        if self._thread is not None:
            self._thread.join(CONNECT_SECONDS + 1.0)

    def _run(self, listener: Listener) -> None:
        first, last = BACKOFF_SECONDS
        wait = first
        while not self._closing.is_set():
            try:
                with self._connect() as self._connection:
                    listener.up()
                    wait = first
                    self._listen(self._connection, listener)
            except InvalidStatus as error:
                refusal = self._refusal(error.response.status_code)
                if refusal is not None:
                    listener.end(refusal)
                    return
                reason = f"the device answers {error.response.status_code}"
            except (OSError, InvalidHandshake, ConnectionClosed) as error:
                reason = str(error) or "the device does not answer"
            if not self._closing.is_set():
                listener.down(f"{reason}; connecting again")
            self._closing.wait(wait)
            wait = min(2 * wait, last)

    def _connect(self) -> ClientConnection:
        return connect(
            self._url,
            additional_headers={"Authorization": f"Bearer {self._token}"} if self._token else None,
            compression=None,
            proxy=None,  # the device is on the local network
            open_timeout=CONNECT_SECONDS,
            close_timeout=0.5,
            ping_interval=SILENCE_SECONDS,
            ping_timeout=SILENCE_SECONDS,
            max_size=MAX_BYTES,
        )

    def _listen(self, connection: ClientConnection, listener: Listener) -> None:
        """Pass messages on until the connection ends, and ask for the device's clock at intervals."""
        pings, due = 0, time.monotonic()
        while not self._closing.is_set():
            if (now := time.monotonic()) >= due:
                connection.send(orjson.dumps({"type": "ping", "sent_ms": now * 1e3}), text=True)
                pings += 1
                due = now + PING_SECONDS[pings > EARLY_PINGS]
            try:
                data = connection.recv(timeout=max(due - now, 0), decode=False)
            except TimeoutError:
                continue
            listener.receive(data)

    def _refusal(self, status: int) -> LandmarksError | None:
        """The error for a status that trying again would not change; None for any other."""
        if status == HTTPStatus.UNAUTHORIZED:
            wrong = "the token is wrong" if self._token else "the device asks for a token"
            return RefusedError(f"{self._url}: {wrong}; put it into the variable {TOKEN_VARIABLE}")
        if status == HTTPStatus.FORBIDDEN:
            return RefusedError(f"{self._url}: the device does not welcome us under this name; use localhost")
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return BadInputError(f"{self._url} is no stream (status {status}); wanted ws://HOST:PORT/stream")
        return None
