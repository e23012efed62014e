"""The sources of frames, and the address that chooses one."""

import os
from collections.abc import Callable

import cv2

from device.demo_photo import load_photo
from device.frame import FrameSource
from device.sources.demo import DemoSource
from device.sources.images import ImagesSource
from device.sources.live import LiveSource
from device.sources.places import path_of
from device.sources.uri import SourceUri, parse_source_uri
from device.sources.v4l2 import V4l2Source
from device.sources.video import VideoSource

_OPENERS: dict[str, Callable[[SourceUri], FrameSource]] = {
    "demo": lambda uri: LiveSource(DemoSource(load_photo(), uri.options)),
    "images": lambda uri: ImagesSource(path_of(uri.place), uri.options),
    "v4l2": lambda uri: LiveSource(V4l2Source(uri.place, uri.options)),
    "video": lambda uri: VideoSource(path_of(uri.place), uri.options),
}


def open_source(uri: str) -> FrameSource:
    """Open the source that an address names (device/README.md, "Sources").

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: a folder or file that is missing or holds nothing to read.
        MissingOutsideError: a camera, or the demo's photograph, is not there.
    """
    parsed = parse_source_uri(uri)
    _hush_libraries()
    return _OPENERS[parsed.scheme](parsed)


def _hush_libraries() -> None:
    """Keep OpenCV and libav from stderr: what they would say there is in our own messages."""
    cv2.setLogLevel(0)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
