"""Files that are either whole or not there: written beside, then renamed; named by their hash."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from device.contract.errors import WriteFailedError


def write_whole(path: Path, fill: Callable[[Path], object]) -> None:
    """Let `fill` write a file beside `path`, then rename it: a reader never sees a half.

    What `fill` returns is ignored.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise WriteFailedError(
            f"cannot write {path}: {error.strerror}; free space or choose another folder"
        ) from error
    beside = Path(name)
    try:
        fill(beside)
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        raise WriteFailedError(
            f"cannot write {path}: {error.strerror}; free space or choose another folder"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def write_whole_bytes(path: Path, data: bytes) -> None:
    """`write_whole` for bytes at hand.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    write_whole(path, lambda beside: beside.write_bytes(data))


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
