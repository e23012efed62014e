"""Writing a customised image to a checked card, and verifying it."""

import os
import sys
from pathlib import Path

from device.contract.errors import VerifyFailedError, WriteFailedError
from firmware_config.card import hold, reread_partitions, verify_ranges, write_ranges
from firmware_config.disk.bmap import read_bmap
from firmware_config.disk.disks import Disk
from firmware_config.disk.fat import Fat
from firmware_config.disk.partitions import find_boot_partition
from firmware_config.image import Image
from firmware_config.target import Target, find_target


def write_card(image: Image, target: Target) -> None:
    """Check once more, write, read back.

    Raises:
        RefusedError: the disk breaks a rule by now.
        WriteFailedError: it does not take the data.
        VerifyFailedError: it reads back differently.
    """
    bmap = read_bmap(image.bmap)
    disk = find_target(target, bmap.image_bytes)
    if not os.access(disk.path, os.W_OK):
        raise WriteFailedError(
            f"{disk.path} may not be written by you: use sudo, or write {image.path} with "
            'Raspberry Pi Imager ("Use custom", no further settings there)'
        )
    with hold(disk) as device:
        write_ranges(image.path, bmap, device, ProgressLine("writing", bmap.mapped_bytes))
        verify_ranges(bmap, device, ProgressLine("reading back", bmap.mapped_bytes))
        reread_partitions(device)
    check_files(image, disk)


def check_files(image: Image, disk: Disk) -> None:
    """The boot partition's files as mtools reads them from the card.

    Raises:
        VerifyFailedError: one differs.
    """
    offset = find_boot_partition(image.path).start_bytes
    on_card, in_image = Fat(Path(disk.path), offset), Fat(image.path, offset)
    for name in ("config.txt", "cmdline.txt", "landmarks/payload.tar.zst.sha256"):
        if on_card.read(name) != in_image.read(name):
            raise VerifyFailedError(f"{name} on {disk.path} is not what was written; try another card")


class ProgressLine:
    """Per cent on standard error, on one line, where somebody looks at it."""

    def __init__(self, what: str, total_bytes: int) -> None:
        """At zero."""
        self._what, self._total, self._done, self._shown = what, max(total_bytes, 1), 0, -1

    def __call__(self, more_bytes: int) -> None:
        """So many bytes more."""
        self._done += more_bytes
        percent = 100 * self._done // self._total
        if percent == self._shown or not sys.stderr.isatty():
            return
        self._shown = percent
        end = "\n" if percent >= 100 else ""
        print(
            f"\r{self._what}: {percent} % of {self._total / 1e6:.0f} MB", end=end, file=sys.stderr, flush=True
        )
