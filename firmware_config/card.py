"""Writing an image onto a card and reading it back, on one exclusive hold of the device."""

import errno
import fcntl
import hashlib
import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from device.contract.errors import RefusedError, VerifyFailedError, WriteFailedError
from firmware_config.disk.bmap import Bmap, Range
from firmware_config.disk.disks import Disk

CHUNK_BYTES = 4 << 20

BLKRRPART, BLKFLSBUF, BLKGETSIZE64 = 0x125F, 0x1261, 0x80081272
"""linux/fs.h: read the partition table again, drop cached blocks, size in bytes."""

Progress = Callable[[int], None]
"""Called with the number of further bytes that are done."""


@contextmanager
def hold(disk: Disk) -> Iterator[int]:
    """Open a disk exclusively: the kernel refuses while a partition of it is mounted.

    Raises:
        RefusedError: it is in use, or not the disk that was checked.
        WriteFailedError: it may not be opened.
    """
    try:
        device = os.open(disk.path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise RefusedError(f"{disk.path} is in use; unmount it; nothing was written") from error
        raise WriteFailedError(f"cannot open {disk.path}: {error.strerror}; run it with sudo") from error
    try:
        check_same(device, disk)
        yield device
    finally:
        os.close(device)


def check_same(device: int, disk: Disk) -> None:
    """Make sure that the open device is the disk that was checked: cards are swapped, and names reused.

    Raises:
        RefusedError: it is another one.
    """
    status = os.fstat(device)
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    if not stat.S_ISBLK(status.st_mode) or number != disk.number or size_of(device) != disk.size_bytes:
        raise RefusedError(f"{disk.path} is no longer the disk that was checked; nothing was written")


def size_of(device: int) -> int:
    """Bytes of a block device."""
    (size,) = struct.unpack("Q", fcntl.ioctl(device, BLKGETSIZE64, bytes(8)))
    return int(size)


def write_ranges(image: Path, bmap: Bmap, device: int, progress: Progress) -> None:
    """Write the ranges that the map names, and nothing else.

    Raises:
        WriteFailedError: the device does not take it.
    """
    with image.open("rb") as stream:
        try:
            for part in bmap.ranges:
                for offset, size in chunks(part):
                    stream.seek(offset)
                    write_at(device, stream.read(size), offset)
                    progress(size)
            os.fsync(device)
        except OSError as error:
            raise WriteFailedError(
                f"writing stopped: {error.strerror}; the card is half written, try another"
            ) from error


def write_at(device: int, data: bytes, offset: int) -> None:
    """Write all of the data; one system call may take less."""
    while data:
        written = os.pwrite(device, data, offset)
        data, offset = data[written:], offset + written


def verify_ranges(bmap: Bmap, device: int, progress: Progress) -> None:
    """Read back what was written, from the card and not from memory, and hold it to the map's checksums.

    Raises:
        VerifyFailedError: it reads back differently, or not at all.
    """
    fcntl.ioctl(device, BLKFLSBUF)
    os.posix_fadvise(device, 0, 0, os.POSIX_FADV_DONTNEED)
    for part in bmap.ranges:
        digest = hashlib.sha256()
        for offset, size in chunks(part):
            try:
                digest.update(os.pread(device, size, offset))
            except OSError as error:
                raise VerifyFailedError(
                    f"byte {offset} cannot be read back: {error.strerror}; try another card"
                ) from error
            progress(size)
        if digest.hexdigest() != part.sha256:
            raise VerifyFailedError(
                f"bytes {part.start_bytes} to {part.start_bytes + part.size_bytes} read back differently; "
                "the card is worn out or not what it says; try another"
            )


def chunks(part: Range) -> Iterator[tuple[int, int]]:
    """Offset and size of each step through a range."""
    end = part.start_bytes + part.size_bytes
    for offset in range(part.start_bytes, end, CHUNK_BYTES):
        yield offset, min(CHUNK_BYTES, end - offset)


def reread_partitions(device: int) -> None:
    """Have the kernel read the new partition table; else it does when the card is put in again."""
    try:
        fcntl.ioctl(device, BLKRRPART)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EINVAL):
            raise WriteFailedError(
                f"the new partitions cannot be read: {error.strerror}; put the card in again"
            ) from error
