"""The registry of sources, and the function that opens one from its address.

A new source is a module that declares `SCHEME`, and one line in `SOURCES`.
"""

from collections.abc import Callable
from typing import Any

from device.config.address import Address, Registry
from device.contract.errors import UsageError
from device.sources.frame import FrameSource
from device.sources.opencv import restrict_opencv
from device.sources.settings import CameraSettings
from device.support.paths import is_file, is_folder

OpenSource = Callable[[Address[Any], CameraSettings], FrameSource]

SOURCES: Registry[OpenSource] = Registry(
    "source",
    {
        "demo": "device.sources.demo",
        "images": "device.sources.images",
        "video": "device.sources.video",
        "raw": "device.sources.raw",
        "v4l2": "device.sources.camera.v4l2",
        "picamera2": "device.sources.camera.picamera2",
        "rtsp": "device.sources.camera.network",
        "http": "device.sources.camera.network",
        "https": "device.sources.camera.network",
        "replay": "device.sources.replay",
    },
)
"""Each scheme and the module that declares it."""


def parse_source(text: str) -> Address[Any]:
    """Take a source's address apart; nothing is opened.

    Raises:
        UsageError: an address that cannot be understood.
    """
    for scheme, is_there in (("images", is_folder), ("video", is_file)):
        if text and ":" not in text and is_there(text):
            raise UsageError(f"source {text!r} has no scheme; did you mean {scheme}:{text}?")
    return SOURCES.parse(text)


def open_source(text: str, settings: CameraSettings | None = None) -> FrameSource:
    """Open the source that an address names (device/README.md, "Sources").

    Args:
        text: the address.
        settings: how long a camera is waited for.

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: a folder or file that is missing or holds nothing to read.
        MissingOutsideError: a camera is not there.
    """
    address = parse_source(text)
    restrict_opencv()
    return SOURCES.scheme(address.scheme).open(address, settings or CameraSettings())


def is_replay(uri: str) -> bool:
    """Whether a source's address names a recording, which gives messages and not frames."""
    return uri.startswith("replay:")
