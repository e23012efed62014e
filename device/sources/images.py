"""Pictures of a folder, or a single one, each exactly once, sorted by path: lossless."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.contract.errors import BadInputError
from device.contract.files import absence
from device.sources.decode import decode_file
from device.sources.frame import Frame, FrameSource, Unreadable, streamable
from device.sources.framing import frame_stored
from device.sources.options import Orientation, Size
from device.sources.settings import CameraSettings
from device.support.paths import is_file, is_folder, path_of

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
"""Of picture files, in upper or lower case; other files are ignored."""

UNREAD_KINDS = {".heic": "HEIC", ".heif": "HEIF", ".avif": "AVIF", ".gif": "GIF", ".jxl": "JPEG XL"}
"""Pictures that OpenCV's wheel does not decode, by extension: each is told in an `error` message."""


def refused_kind(path: PurePosixPath | Path) -> str:
    """Why a picture is not read although it is one; empty for all others."""
    kind = UNREAD_KINDS.get(path.suffix.lower())
    return f"{kind} is not read; convert it to JPEG or PNG first" if kind else ""


def list_images(folder: Path) -> list[PurePosixPath]:
    """Paths of all pictures below `folder`, relative to it, sorted, with those of `UNREAD_KINDS`.

    Links to folders are followed, but each folder is listed once, so that a loop ends.

    Raises:
        BadInputError: no such folder, one that cannot be read, or no picture in it.
    """
    if not is_folder(folder):
        raise BadInputError(f"no folder or picture at {folder}: {absence(folder)}; check the path")
    known = EXTENSIONS | UNREAD_KINDS.keys()
    seen, found = {os.path.realpath(folder)}, list[PurePosixPath]()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_refuse_folder):
        folders[:] = [name for name in sorted(folders) if _first_visit(Path(parent, name), seen)]
        relative = PurePosixPath(Path(parent).relative_to(folder).as_posix())
        found += [relative / name for name in files if Path(name).suffix.lower() in known]
    if all(map(refused_kind, found)):
        wanted, others = " ".join(sorted(EXTENSIONS)), {UNREAD_KINDS[path.suffix.lower()] for path in found}
        only = f" but {len(found)} of {' and '.join(sorted(others))}" if found else ""
        raise BadInputError(f"no picture in {folder} or below{only}, wanted files ending in {wanted}")
    return sorted(found, key=str)


def _first_visit(folder: Path, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    if real in seen:
        return False
    seen.add(real)
    return True


def _refuse_folder(error: OSError) -> NoReturn:
    """Stop at a folder that cannot be listed: skipping it would lose its pictures silently."""
    raise BadInputError(
        f"cannot list folder {error.filename}: {error.strerror}; make it readable or leave it out"
    ) from error


@dataclass(frozen=True)
class ImagesOptions(Orientation):
    """Options of `images:`."""

    size: Size | None = None
    """Scaled to fit inside, proportions kept; by default as stored."""
    exif: bool = True
    """Whether a picture is turned as its EXIF orientation says; 0 for research sets, whose landmark files
    count in stored pixels."""


class ImagesSource(FrameSource):
    """All pictures of a folder, or a single one. The next one is read when it is wanted."""

    name = "images"
    live = False
    is_sequence = False

    def __init__(self, place: Path, options: ImagesOptions | None = None) -> None:
        """List the folder.

        Args:
            place: a folder, or a picture whatever its name ends in.
            options: how the pictures are read.

        Raises:
            BadInputError: nothing is there, a folder cannot be read or has no picture in it.
        """
        single = is_file(place)
        self._folder = place.parent if single else place
        self._options = options or ImagesOptions()
        self._paths = [PurePosixPath(place.name)] if single else list_images(place)
        self._closed = False

    @property
    def length(self) -> int:
        """Number of pictures."""
        return len(self._paths)

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        """Every picture, in order."""
        for sequence, path in enumerate(self._paths):
            if self._closed:
                return
            name, read_ns = streamable(str(path)), time.monotonic_ns()
            try:
                image = self._decode(path)
            except BadInputError as error:
                yield Unreadable(name, f"{name}: {error}", sequence, read_ns)
            else:
                image = frame_stored(image, self._options.size, self._options)
                yield Frame(image, sequence, read_ns, name)

    def _decode(self, path: PurePosixPath) -> NDArray[np.uint8]:
        if refused := refused_kind(path):
            raise BadInputError(refused)
        return decode_file(self._folder / path, self._options.exif)

    def close(self) -> None:
        """End the iteration."""
        self._closed = True


def open_images(address: Address[ImagesOptions], _: CameraSettings) -> FrameSource:
    """The pictures of the folder, or the picture, that an address names.

    Raises:
        BadInputError: nothing is there, a folder cannot be read or has no picture in it.
    """
    return ImagesSource(path_of(address.place), address.options)


SCHEME = Scheme(
    "images:PATH",
    "a picture, or every picture in a folder and below, sorted by path, turned as its EXIF orientation says",
    ImagesOptions,
    open_images,
    is_path=True,
)
