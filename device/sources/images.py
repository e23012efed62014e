"""Pictures of a folder, each exactly once, sorted by path: lossless.

Pixels are taken as they are stored: an EXIF orientation is not applied, because the landmark files of
research sets count in stored pixels. `rotate` turns them by hand.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.sources.frame import Frame, FrameSource, Unreadable, streamable
from device.sources.framing import frame_stored
from device.sources.uri import SourceOptions
from device.support.paths import is_anything, is_file, is_folder

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
"""Of picture files, in any case; other files are passed over."""


def list_images(folder: Path) -> list[PurePosixPath]:
    """Paths of all pictures below `folder`, relative to it, sorted.

    Links to folders are followed, but each folder is listed once, so that a loop ends.

    Raises:
        BadInputError: no such folder, one that cannot be read, or no picture in it.
    """
    if not is_folder(folder):
        raise BadInputError(f"no folder at {folder}, wanted one with pictures; check the path")
    seen, found = {os.path.realpath(folder)}, list[PurePosixPath]()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_refuse_folder):
        folders[:] = [name for name in sorted(folders) if _first_visit(Path(parent, name), seen)]
        relative = PurePosixPath(Path(parent).relative_to(folder).as_posix())
        found += [relative / name for name in files if Path(name).suffix.lower() in EXTENSIONS]
    if not found:
        wanted = " ".join(sorted(EXTENSIONS))
        raise BadInputError(f"no picture in {folder} or below, wanted files ending in {wanted}")
    return sorted(found, key=str)


def _first_visit(folder: Path, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    if real in seen:
        return False
    seen.add(real)
    return True


def _refuse_folder(error: OSError) -> NoReturn:
    """Stop at a folder that cannot be listed: passing over it would lose its pictures silently."""
    raise BadInputError(
        f"cannot list folder {error.filename}: {error.strerror}; make it readable or leave it out"
    ) from error


def decode_image(path: Path) -> NDArray[np.uint8] | str:
    """(H, W, 3) uint8 blue green red of a picture of any depth and channels, or why there is none."""
    if is_anything(path) and not is_file(path):
        return "not an ordinary file"
    try:
        data = path.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not data:
        return "the file is empty, wanted a picture"
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        return f"cannot be decoded: {error.err}"
    if image is None:
        return f"{len(data)} bytes that do not decode to a picture: damaged, cut short or another format"
    return np.asarray(image, np.uint8)


class ImagesSource(FrameSource):
    """All pictures of a folder. The next one is read when it is asked for."""

    name = "images"
    live = False

    def __init__(self, folder: Path, options: SourceOptions) -> None:
        """List the folder.

        Raises:
            BadInputError: no such folder, one that cannot be read, or no picture in it.
        """
        self._folder = folder
        self._options = options
        self._paths = list_images(folder)
        self._closed = False

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Every picture, in order."""
        for sequence, path in enumerate(self._paths):
            if self._closed:
                return
            name, read_ns = streamable(str(path)), time.monotonic_ns()
            image = decode_image(self._folder / path)
            if isinstance(image, str):
                yield Unreadable(name, f"{name}: {image}", sequence, read_ns)
            else:
                yield Frame(frame_stored(image, self._options), sequence, read_ns, name)

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
