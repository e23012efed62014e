"""What OpenCV and the FFmpeg inside it are allowed: no output, no picture of any size."""

import os

MAX_PIXELS = 50_000_000
"""Of one picture; 150 MB once decoded. A larger one is refused before it is decoded where we can."""


def restrict_opencv() -> None:
    """Keep OpenCV and FFmpeg from standard error, where they would repeat addresses with passwords."""
    import cv2

    cv2.setLogLevel(0)
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"


def too_large(width: int, height: int) -> str:
    """Why a picture is refused, for messages."""
    return f"{width}x{height} pixels, wanted at most {MAX_PIXELS / 1e6:g} million; give a smaller picture"
