"""A checkpoint as one file, or as shards small enough for the storage that keeps them.

With shards NAME.pt becomes NAME.pt.index.json and NAME.pt.GENERATION.00, .01, ... The index is written last
and whole: a kill at any moment leaves the checkpoint before it; shards that no index names are removed.
"""

import hashlib
import io
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from device.contract.errors import BadInputError
from device.contract.files import write_whole, write_whole_bytes

MEGABYTE = 1_000_000


def index_of(path: Path) -> Path:
    """The index beside a sharded checkpoint."""
    return path.with_name(f"{path.name}.index.json")


def _remove_others(path: Path, kept: set[str]) -> None:
    """Every shard of `path` but those named; the whole file too."""
    for shard in path.parent.glob(f"{path.name}.*.[0-9][0-9]*"):
        if shard.name not in kept:
            shard.unlink(missing_ok=True)


def write_saved(save: Callable[[io.BytesIO], object], path: Path) -> None:
    """What `save` writes into a stream, as a file.

    Through memory: on a full disk torch's own file writer says nothing that helps, or ends the process.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full; the old file stays.
    """
    stream = io.BytesIO()
    save(stream)
    write_whole(path, lambda beside: beside.write_bytes(stream.getbuffer()))


def save_shards(values: dict[str, Any], path: Path, shard_mb: float) -> None:
    """torch.save, in shards of at most `shard_mb` megabytes.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full; the old checkpoint stays.
    """
    stream = io.BytesIO()
    torch.save(values, stream)
    content, size = stream.getbuffer(), max(int(shard_mb * MEGABYTE), 1)
    generation = secrets.token_hex(3)
    names, digests = [], []
    for number, start in enumerate(range(0, len(content), size)):
        part = bytes(content[start : start + size])
        names.append(f"{path.name}.{generation}.{number:02d}")
        digests.append(hashlib.sha256(part).hexdigest())
        write_whole_bytes(path.with_name(names[-1]), part)
    index = {"shards": names, "sha256": digests, "bytes": len(content)}
    write_whole_bytes(index_of(path), (json.dumps(index, indent=1) + "\n").encode())
    path.unlink(missing_ok=True)
    _remove_others(path, set(names))


def save_one(values: dict[str, Any], path: Path) -> None:
    """torch.save as one file, written beside and renamed; shards of an older form are removed.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    write_saved(lambda stream: torch.save(values, stream), path)
    index_of(path).unlink(missing_ok=True)
    _remove_others(path, set())


def read_shards(path: Path) -> io.BytesIO:
    """The content of a sharded checkpoint, every shard checked.

    Raises:
        BadInputError: a shard is missing or damaged, or the index is.
    """
    try:
        index = json.loads(index_of(path).read_text(encoding="utf-8"))
        pairs = list(zip(index["shards"], index["sha256"], strict=True))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{index_of(path)} cannot be read ({error}); remove it, train again") from error
    parts = []
    for name, digest in pairs:
        shard = path.with_name(name)
        content = shard.read_bytes() if shard.is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            state = "is missing" if not content else "is damaged"
            raise BadInputError(f"shard {shard} {state}; fetch it again beside {index_of(path).name}")
        parts.append(content)
    return io.BytesIO(b"".join(parts))
