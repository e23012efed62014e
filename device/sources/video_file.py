"""A video file opened by OpenCV, with FFmpeg inside it."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.files import absence
from device.sources.opencv import MAX_PIXELS, too_large
from device.sources.options import MAX_FPS

DEFAULT_FPS = 30.0
"""Of videos that do not say theirs."""

# FFmpeg draws a text file as a film of a terminal; nobody means that.
_TERMINAL_FOURCC = int.from_bytes(b"ansi", "little")

# Containers that list their frames, by the bytes that a file begins with: AVI, MP4, MOV. Of all others
# OpenCV multiplies duration and mean rate, which is more than there are when the rate varies.
_LISTS_FRAMES = ((0, b"RIFF"), (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"))


class VideoFile:
    """Pictures in order, turned as the file says, each with its time stamp."""

    def __init__(self, path: Path) -> None:
        """Open the file and decode its first picture.

        Raises:
            BadInputError: no such file, or no video that OpenCV can read.
        """
        if missing := absence(path):
            raise BadInputError(f"no video file at {path}: {missing}; check the path")
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        # OpenCV leaves a phone's video lying on its side by default.
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        self._refuse_other_kinds(path)
        self.fps = self._rate()
        """Frames a second, as the file says."""
        self.announced = self._announced_frames(path)
        """Number of frames that the header lists; 0 if it does not tell."""
        self.position_ns = 0
        """Time stamp of the picture that was read last, from the start of the video; never goes back."""
        self._first = self._read()
        if self._first is None:
            raise BadInputError(
                f"{path} ({path.stat().st_size} bytes) holds no frame that can be read, wanted a video "
                "(AVI, MP4, MKV, ...): it is damaged, cut short or in another format"
            )

    def _refuse_other_kinds(self, path: Path) -> None:
        property_of = self._capture.get
        if int(property_of(cv2.CAP_PROP_FOURCC)) == _TERMINAL_FOURCC:
            raise BadInputError(f"{path} is a text, wanted a video (AVI, MP4, MKV, ...)")
        if property_of(cv2.CAP_PROP_FRAME_COUNT) <= 0 and cv2.haveImageReader(str(path)):
            raise BadInputError(
                f"{path} is a picture, wanted a video; for pictures write images:{path.parent}"
            )
        width, height = (
            int(property_of(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if width * height > MAX_PIXELS:
            raise BadInputError(f"{path} has {too_large(width, height)}")

    def _rate(self) -> float:
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        return fps if 0 < fps <= MAX_FPS else DEFAULT_FPS

    def _announced_frames(self, path: Path) -> int:
        with path.open("rb") as stream:
            head = stream.read(12)
        if not any(head[at : at + 4] == mark for at, mark in _LISTS_FRAMES):
            return 0
        return max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def read(self) -> NDArray[np.uint8] | None:
        """(H, W, 3) uint8 blue green red of the next picture; None at the end."""
        if self._first is None:
            before_ns = self.position_ns
            image = self._read()
            # Some files have no time stamps, or wrong ones.
            if self.position_ns <= before_ns:
                self.position_ns = before_ns + round(1e9 / self.fps)
            return image
        image, self._first = self._first, None
        return image

    def _read(self) -> NDArray[np.uint8] | None:
        readable, image = self._capture.read()
        self.position_ns = int(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return np.asarray(image, np.uint8) if readable else None

    def close(self) -> None:
        """Release the file."""
        self._capture.release()
