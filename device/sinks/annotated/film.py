"""A film, written beside its place and moved there when it is whole."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import WriteFailedError
from device.contract.files import check_writable_place
from device.sources.frame import Frame
from device.sources.framing import fit_inside
from device.support.native_stderr import without_lines

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
"""Codec by the ending of a film's name: those that OpenCV's wheel can write. Browsers play .webm only."""


class Film:
    """Pictures in order; of a camera's, each stays until the next, so that the film runs in real time."""

    def __init__(self, path: Path, fps: float | None) -> None:
        """Nothing is opened before the first picture, which gives the film its size.

        Args:
            path: of the film; its ending is one of `CODECS`.
            fps: frames a second; None takes the film's own, and 30 for pictures and cameras.

        Raises:
            WriteFailedError: the folder cannot be made, or something that is no file is at that path.
        """
        self._path, self._fps = path, fps
        self._beside = path.with_name(f".{path.stem}.part{path.suffix}")
        check_writable_place(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # OpenCV says of no failure why it is one.
            self._beside.touch()
            self._beside.unlink()
        except OSError as error:
            raise WriteFailedError(f"cannot write {path}: {error.strerror}; choose another folder") from error
        self._writer: cv2.VideoWriter | None = None
        self._size_wh = 0, 0
        self._first_ns = 0
        self._written = 0

    def add(self, picture: NDArray[np.uint8], frame: Frame) -> None:
        """Write the picture of a frame.

        Raises:
            WriteFailedError: the film cannot be opened.
        """
        if self._writer is None:
            self._writer = self._open(frame)
        fitted = self._fitted(picture)
        for _ in range(self._due(frame)):
            self._writer.write(fitted)
            self._written += 1

    def _open(self, frame: Frame) -> cv2.VideoWriter:
        self._fps = self._fps or frame.fps or 30.0
        self._size_wh, self._first_ns = frame.size_wh, frame.captured_ns
        codec = cv2.VideoWriter.fourcc(*CODECS[self._path.suffix.lower()])
        # OpenCV complains of its own spelling of VP8, and takes it.
        with without_lines(b"is not supported with codec id"):
            writer = cv2.VideoWriter(str(self._beside), cv2.CAP_FFMPEG, codec, self._fps, self._size_wh)
        if not writer.isOpened():
            raise WriteFailedError(f"cannot write {self._path}: the disk is full, or OpenCV lacks its codec")
        return writer

    def _due(self, frame: Frame) -> int:
        """How often a picture is written: files have every frame, cameras leave some out."""
        if frame.name is not None:
            return 1
        elapsed = (frame.captured_ns - self._first_ns) / 1e9
        return max(round(elapsed * (self._fps or 30.0)) + 1 - self._written, 0)

    def _fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture in the film's size, with bars where its proportions are others."""
        width, height = self._size_wh
        if picture.shape[:2] == (height, width):
            return picture
        inside = fit_inside(picture, self._size_wh)
        whole = np.zeros((height, width, 3), np.uint8)
        top, left = (height - inside.shape[0]) // 2, (width - inside.shape[1]) // 2
        whole[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
        return whole

    def close(self) -> None:
        """Finish the film and move it to its place; without a picture there is none.

        Raises:
            WriteFailedError: what was written does not read back.
        """
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        try:
            self._check()
            self._beside.replace(self._path)
        except OSError as error:
            raise WriteFailedError(f"cannot write {self._path}: {error.strerror}") from error
        finally:
            self._beside.unlink(missing_ok=True)

    def _check(self) -> None:
        """Read the film back: OpenCV does not say whether the disk has taken what it was given."""
        capture, readable = cv2.VideoCapture(str(self._beside), cv2.CAP_FFMPEG), 0
        while capture.grab():
            readable += 1
        capture.release()
        if readable < self._written:
            raise WriteFailedError(
                f"cannot write {self._path}: got {readable} of {self._written} frames back; is the disk full?"
            )
