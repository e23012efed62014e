"""A camera or a stream behind an address of the network, read by FFmpeg inside OpenCV."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.contract.errors import BadInputError
from device.sources.camera.camera_url import PASSWORD_VARIABLE, USER_VARIABLE, CameraUrl, parse_camera_url
from device.sources.camera.live import LiveSource, Patience
from device.sources.camera.network_probe import why_no_video
from device.sources.camera.protocol import CameraError
from device.sources.camera.stream_clock import StreamClock
from device.sources.decode import decode_picture
from device.sources.frame import Frame, FrameSource, Unreadable
from device.sources.opencv import MAX_NETWORK_PIXELS, too_large
from device.sources.options import Orientation
from device.sources.settings import CameraSettings

_JPEG_FOURCC = int.from_bytes(b"MJPG", "little")

OPEN_SECONDS = 5.0
READ_SECONDS = 2.0
"""After so long without a frame FFmpeg gives up, and the stream is opened again."""


@dataclass(frozen=True)
class NetworkOptions(Orientation):
    """Options of `rtsp:`, `http:` and `https:`."""


class NetworkCamera:
    """An open stream.

    An RTSP stream has a clock: a frame's time is its time stamp, brought to our clock. The time stamps of
    others may be made up by FFmpeg: a frame's time is its arrival.
    """

    def __init__(self, url: CameraUrl) -> None:
        """Connect.

        Raises:
            CameraError: nobody answers in time, or what answers is no video.
        """
        import cv2

        self._shown = url.shown
        self._clock = StreamClock() if url.scheme == "rtsp" else None
        parameters = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(OPEN_SECONDS * 1000)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(READ_SECONDS * 1000)),
            # Each further thread of the decoder holds a frame back.
            *(cv2.CAP_PROP_N_THREADS, 1),
        ]
        self._capture = cv2.VideoCapture(url.url, cv2.CAP_FFMPEG, parameters)
        if not self._capture.isOpened():
            raise CameraError(why_no_video(url, OPEN_SECONDS))
        # Pictures that are JPEG come as they were sent: their size is known before they are decoded, and
        # they are turned as their EXIF orientation says. FFmpeg itself decodes pictures of any size.
        self._is_jpeg = int(self._capture.get(cv2.CAP_PROP_FOURCC)) == _JPEG_FOURCC and bool(
            self._capture.set(cv2.CAP_PROP_FORMAT, -1)
        )
        sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        self._check_size(*(int(self._capture.get(side)) for side in sides))

    def _check_size(self, width: int, height: int) -> None:
        if width * height > MAX_NETWORK_PIXELS:
            self._capture.release()
            raise CameraError(f"{self._shown} sends {too_large(width, height, MAX_NETWORK_PIXELS)}")

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Frames as they come.

        Raises:
            CameraError: the stream has ended, is silent, or sends pictures that are too large.
        """
        import cv2

        for number in count():
            try:
                readable, data = self._capture.read()
            except cv2.error as error:
                raise CameraError(f"{self._shown} fails ({error.err})") from error
            if not readable:
                raise CameraError(self._ended(number))
            yield self._frame(np.asarray(data, np.uint8), number, self._captured_ns(time.monotonic_ns()))

    def _frame(self, data: NDArray[np.uint8], number: int, captured_ns: int) -> Frame | Unreadable:
        if not self._is_jpeg:
            self._check_size(data.shape[1], data.shape[0])
            return Frame(data, number, captured_ns)
        try:
            image = decode_picture(data.tobytes(), max_pixels=MAX_NETWORK_PIXELS)
        except BadInputError as error:
            return Unreadable(None, f"{self._shown}: {error}", number, captured_ns)
        return Frame(image, number, captured_ns)

    def _ended(self, frames: int) -> str:
        if frames == 1:
            return (
                f"{self._shown} sends one picture and ends; give the address of a stream, not of a snapshot"
            )
        return f"{self._shown} has ended or is silent for {READ_SECONDS:g} s"

    def _captured_ns(self, arrived_ns: int) -> int:
        import cv2

        if self._clock is None:
            return arrived_ns
        return self._clock.captured_ns(int(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6), arrived_ns)

    def stop(self) -> None:
        """Do nothing: `read` cannot be interrupted, and ends by itself in time."""

    def close(self) -> None:
        """Disconnect."""
        self._capture.release()


def open_network(address: Address[NetworkOptions], settings: CameraSettings) -> FrameSource:
    """The camera behind a network address.

    Raises:
        UsageError: an address without a host.
        MissingOutsideError: nobody answers, or what answers is no video.
    """
    url = parse_camera_url(_url(address))
    patience = Patience(settings.patience_seconds)
    return LiveSource(address.scheme, lambda: NetworkCamera(url), address.options, patience, settings.wait)


def _url(address: Address[NetworkOptions]) -> str:
    return f"{address.scheme}:{address.place}"


SOME_LOGIN = {USER_VARIABLE: "user", PASSWORD_VARIABLE: "password"}
"""Whatever the environment will hold: an address can be understood without it."""

SCHEME = Scheme(
    "{scheme}://[USER@]HOST[:PORT]/PATH",
    "a network camera or stream, whatever FFmpeg reads; LANDMARKS_SOURCE_USER and LANDMARKS_SOURCE_PASSWORD "
    "hold its user and password, which {user} and {password} stand for in a query",
    NetworkOptions,
    open_network,
    is_url=True,
    check=lambda address: parse_camera_url(_url(address), SOME_LOGIN),
)
