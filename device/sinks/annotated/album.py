"""A folder of pictures, each named as the frame that it shows."""

from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import WriteFailedError
from device.contract.files import write_whole_bytes
from device.sources.frame import Frame

WRITABLE = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
"""Endings that are kept; every other picture becomes a JPEG."""


def name_in_album(frame: Frame) -> PurePosixPath:
    """Path within the folder: as the frame's own, its number where it has no name."""
    name = PurePosixPath(frame.name or f"{frame.sequence:08d}")
    if name.is_absolute() or ".." in name.parts:
        name = PurePosixPath(name.name)
    # Frames of films are named FILE#INDEX, which is no ending.
    if frame.name is None or "#" in name.name or name.suffix.lower() not in WRITABLE:
        name = name.with_name(f"{name.name}.jpg")
    return name


class Album:
    """Writes every picture whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Make the folder.

        Raises:
            WriteFailedError: it cannot be made.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteFailedError(
                f"cannot make folder {folder}: {error.strerror}; choose another one, "
                "or a film's name that ends in .mp4, .avi or .webm"
            ) from error

    def add(self, picture: NDArray[np.uint8], frame: Frame) -> None:
        """Write the picture of a frame.

        Raises:
            WriteFailedError: the disk is full or gone.
        """
        path = self._folder / name_in_album(frame)
        _, data = cv2.imencode(path.suffix, picture)
        write_whole_bytes(path, data.tobytes())

    def close(self) -> None:
        """Nothing is held back."""
