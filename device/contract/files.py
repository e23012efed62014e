"""Files at paths that a user chose: written whole or not at all, read up to a limit, named by their hash."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from device.contract.errors import BadInputError, WriteFailedError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def special_kind(path: Path) -> str | None:
    """What a path names that is no regular file, links followed: "a folder", "a pipe", "a device".

    None for a regular file, and where nothing is.
    """
    try:
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode))
    except (OSError, ValueError):
        return None


def absence(path: Path) -> str:
    """Why a path names no regular file: the system's words, or what is there; empty where it names one.

    `Path.is_file` raises where a folder on the way may not be searched, and says nothing of why.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return "" if stat.S_ISREG(mode) else f"{_KINDS.get(stat.S_IFMT(mode), 'no file')} is there"


def check_writable_place(path: Path) -> None:
    """Refuse to replace what is no regular file: a rename would take a folder or a device away.

    Raises:
        WriteFailedError: a folder, a pipe or a device is at that path.
    """
    kind = special_kind(path)
    if kind is not None:
        raise WriteFailedError(f"cannot write {path}: {kind} is there; give the name of a file")


def write_whole(path: Path, fill: Callable[[Path], object]) -> None:
    """Let `fill` write a file beside `path`, then rename it: a reader never sees a half.

    What `fill` returns is ignored.

    Raises:
        WriteFailedError: the folder cannot be written, the disk is full, or something that is no
            regular file is at that path.
    """
    import tempfile

    check_writable_place(path)
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
        WriteFailedError: as `write_whole`.
    """
    write_whole(path, lambda beside: beside.write_bytes(data))


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """The content of a small regular file; never waits for a pipe and never reads without end.

    Raises:
        BadInputError: no such file, no regular file, not readable, or larger than `max_bytes`.
    """
    try:
        # Opening a pipe would wait for its writer.
        with open(path, "rb", opener=_open_without_waiting) as stream:
            regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            data = stream.read(max_bytes + 1) if regular else b""
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not regular:
        raise BadInputError(f"cannot read {path}: {special_kind(path)} is there; give a regular file")
    if len(data) > max_bytes:
        raise BadInputError(f"{path} has more than {max_bytes} bytes; give the right file")
    return data


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
