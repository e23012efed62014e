"""What OpenCV and the FFmpeg inside it are allowed: no output, no picture of any size."""

import os

MAX_PIXELS = 50_000_000
"""Of one picture in a file; 150 MB once decoded. A larger one is refused before it is decoded."""

MAX_NETWORK_PIXELS = 16_000_000
"""Of one picture from the network, 48 MB: what others send must fit into the service's 400 MB."""


def limit_pictures() -> None:
    """Make OpenCV refuse larger pictures in any format. It reads this when it is first imported."""
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))


def restrict_opencv() -> None:
    """Keep OpenCV and FFmpeg from standard error, where they would repeat addresses with passwords."""
    limit_pictures()
    import cv2

    cv2.setLogLevel(0)
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"


def too_large(width: int, height: int, most: int = MAX_PIXELS) -> str:
    """Why a picture is refused, to follow "has" or "sends"."""
    return f"{width}x{height} pixels, wanted at most {most / 1e6:g} million; make it smaller"
