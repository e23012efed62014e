"""A camera or a stream behind an address of the network, read by FFmpeg inside OpenCV."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from device.config.address import Address, Scheme
from device.sources.camera import CameraError
from device.sources.frame import Frame, FrameSource
from device.sources.live import LiveSource, Patience
from device.sources.options import Orientation
from device.sources.settings import CameraSettings

OPEN_SECONDS = 5.0
READ_SECONDS = 2.0
"""After so long without a frame FFmpeg gives up, and the stream is opened again."""


def without_password(url: str) -> str:
    """The address as it may be shown: `rtsp://user:secret@host/` becomes `rtsp://...@host/`."""
    return re.sub(r"//[^/@]*@", "//...@", url)


@dataclass(frozen=True)
class NetworkOptions(Orientation):
    """Options of `rtsp:`, `http:` and `https:`."""


class NetworkCamera:
    """An open stream. What it captured when, it does not say: a frame's time is its arrival."""

    def __init__(self, url: str) -> None:
        """Connect.

        Raises:
            CameraError: nobody answers in time, or what answers is no video.
        """
        import cv2

        self._shown = without_password(url)
        parameters = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(OPEN_SECONDS * 1000)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(READ_SECONDS * 1000)),
        ]
        self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, parameters)
        if not self._capture.isOpened():
            raise CameraError(
                f"{self._shown} gives no video within {OPEN_SECONDS:g} s; check address, user and password "
                "with a player, and that the device is reached"
            )

    def __iter__(self) -> Iterator[Frame]:
        """Frames as they come.

        Raises:
            CameraError: the stream has ended or is silent.
        """
        import cv2

        for number in count():
            try:
                readable, image = self._capture.read()
            except cv2.error as error:
                raise CameraError(f"{self._shown} fails ({error.err})") from error
            if not readable:
                raise CameraError(f"{self._shown} has ended or is silent for {READ_SECONDS:g} s")
            yield Frame(np.asarray(image, np.uint8), number, time.monotonic_ns())

    def stop(self) -> None:
        """Nothing can be done from outside; `read` ends by itself in time."""

    def close(self) -> None:
        """Disconnect."""
        self._capture.release()


def open_network(address: Address[NetworkOptions], settings: CameraSettings) -> FrameSource:
    """The camera behind a network address.

    Raises:
        MissingOutsideError: nobody answers, or what answers is no video.
    """
    url = f"{address.scheme}:{address.place}"
    patience = Patience(settings.patience_seconds)
    return LiveSource(address.scheme, lambda: NetworkCamera(url), address.options, patience, settings.wait)


SCHEME = Scheme(
    "{scheme}://HOST/PATH",
    "a camera or stream of the network, whatever FFmpeg reads",
    NetworkOptions,
    open_network,
    is_url=True,
)
