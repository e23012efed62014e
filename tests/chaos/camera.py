"""A network camera that fails on command: MJPEG over HTTP, as cheap ones speak it."""

import socket
import threading
import time
from contextlib import suppress
from enum import Enum

import cv2

from device.sources.demo import picture_at
from device.sources.demo_path import WANDER_SECONDS, DemoPath
from device.sources.demo_photo import load_photo

FPS = 30.0
JPEG_QUALITY = 80

HEADER = (
    b"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
)
RUBBISH = b"this is no picture " * 1000


class Mode(Enum):
    """What it sends to those that are connected."""

    GOOD = "pictures"
    SILENT = "nothing at all, the connection stays open"
    RUBBISH = "bytes that are no picture"


def demo_jpegs() -> list[bytes]:
    """The demo's face while it is in view; the end joins the beginning."""
    photo, path = load_photo(), DemoPath(fps=FPS)
    pictures = (picture_at(photo, path, number) for number in range(int(WANDER_SECONDS * FPS)))
    return [
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        for picture in pictures
    ]


class MjpegCamera:
    """Serves at a port that stays the same while it is off."""

    def __init__(self, jpegs: list[bytes]) -> None:
        self.mode = Mode.GOOD
        self._jpegs = jpegs
        self._on = threading.Event()
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._listen()

    @property
    def address(self) -> str:
        """As the daemon's `--source` takes it."""
        return f"http://127.0.0.1:{self.port}/stream"

    def _listen(self) -> None:
        self._on.set()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def unplug(self) -> None:
        """Hang up on everybody and refuse new connections."""
        self._on.clear()
        # A thread that waits in accept does not notice a close.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def plug_in(self) -> None:
        """Listen again at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listen()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # unplugged
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._connections.add(connection)
        connection.settimeout(10)
        with connection, suppress(OSError):  # the reader has gone
            connection.recv(65536)
            while self.mode is Mode.SILENT:
                time.sleep(0.01)
            connection.sendall(HEADER)
            begun = time.monotonic()
            while self._on.is_set():
                number = int((time.monotonic() - begun) * FPS)
                if self.mode is not Mode.SILENT:
                    self._send(
                        connection,
                        RUBBISH if self.mode is Mode.RUBBISH else self._jpegs[number % len(self._jpegs)],
                    )
                time.sleep(max(begun + (number + 1) / FPS - time.monotonic(), 0.001))
        self._connections.discard(connection)

    def _send(self, connection: socket.socket, body: bytes) -> None:
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body + b"\r\n")
