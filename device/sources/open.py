"""Open the source of frames that an address names."""

import os
from collections.abc import Callable

import cv2

from device.sources.camera import OpenCamera
from device.sources.demo import DemoSource
from device.sources.demo_photo import load_photo
from device.sources.frame import FrameSource
from device.sources.images import ImagesSource
from device.sources.live import LiveSource, Patience
from device.sources.network import network_opener
from device.sources.picamera2 import picamera2_opener
from device.sources.played import PlayedCamera
from device.sources.raw import STDIN, RawSource
from device.sources.settings import CameraSettings
from device.sources.uri import SourceOptions, SourceUri, parse_source_uri
from device.sources.v4l2 import device_of, v4l2_opener
from device.sources.video import VideoSource
from device.support.paths import path_of

DEFAULT_FPS = 30.0
"""Of raw frames and videos that do not say theirs."""

# Files and pipes are played once: what hangs there is waited for.
_PLAYED = Patience(reopen=False)


def _open_demo(uri: SourceUri, _: CameraSettings) -> FrameSource:
    photo = load_photo()
    return LiveSource("demo", lambda: PlayedCamera(DemoSource(photo, uri.options)), patience=_PLAYED)


def _open_images(uri: SourceUri, _: CameraSettings) -> FrameSource:
    return ImagesSource(path_of(uri.place), uri.options)


def _open_video(uri: SourceUri, _: CameraSettings) -> FrameSource:
    video = VideoSource(path_of(uri.place), uri.options)
    if not uri.options.real_time:
        return video
    fps = uri.options.fps or video.fps or DEFAULT_FPS
    return LiveSource(video.name, lambda: PlayedCamera(video, fps), patience=_PLAYED)


def _open_raw(uri: SourceUri, _: CameraSettings) -> FrameSource:
    raw = RawSource(uri.place, uri.options)
    piped = uri.place == STDIN
    if not (piped if uri.options.real_time is None else uri.options.real_time):
        return raw
    # A pipe keeps time itself: whoever writes has the clock.
    fps = None if piped else uri.options.fps or DEFAULT_FPS
    return LiveSource(raw.name, lambda: PlayedCamera(raw, fps), patience=_PLAYED)


def _live(
    name: str, open_camera: OpenCamera, options: SourceOptions, settings: CameraSettings
) -> FrameSource:
    return LiveSource(name, open_camera, options, Patience(settings.patience_seconds), settings.wait)


def _open_v4l2(uri: SourceUri, settings: CameraSettings) -> FrameSource:
    _, name = device_of(uri.place)
    return _live(name, v4l2_opener(uri.place, uri.options), uri.options, settings)


def _open_picamera2(uri: SourceUri, settings: CameraSettings) -> FrameSource:
    open_camera = picamera2_opener(uri.place, uri.options)
    return _live(f"cam{int(uri.place or 0)}", open_camera, uri.options, settings)


def _open_network(uri: SourceUri, settings: CameraSettings) -> FrameSource:
    return _live(uri.scheme, network_opener(uri.scheme, uri.place), uri.options, settings)


_OPENERS: dict[str, Callable[[SourceUri, CameraSettings], FrameSource]] = {
    "demo": _open_demo,
    "http": _open_network,
    "https": _open_network,
    "images": _open_images,
    "picamera2": _open_picamera2,
    "raw": _open_raw,
    "rtsp": _open_network,
    "v4l2": _open_v4l2,
    "video": _open_video,
}


def open_source(uri: str, settings: CameraSettings | None = None) -> FrameSource:
    """Open the source that an address names (device/README.md, "Sources").

    Args:
        uri: the address.
        settings: how a camera is waited for.

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: a folder or file that is missing or holds nothing to read.
        MissingOutsideError: a camera, or the demo's photograph, is not there.
    """
    parsed = parse_source_uri(uri)
    _hush_libraries()
    return _OPENERS[parsed.scheme](parsed, settings or CameraSettings())


def _hush_libraries() -> None:
    """Keep OpenCV and libav from stderr: what they would say there is in our own messages."""
    cv2.setLogLevel(0)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
