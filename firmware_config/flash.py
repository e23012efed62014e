"""From a stock image to a written and verified card; a dry run unless the device is named twice."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import RefusedError, VerifyFailedError, WriteFailedError
from firmware_config.bmap import read_bmap
from firmware_config.card import hold, tell_kernel, verify_ranges, write_ranges
from firmware_config.disks import Disk, find_disk, read_disks
from firmware_config.fat import Fat
from firmware_config.image import Image
from firmware_config.partitions import find_boot_partition
from firmware_config.safety import Limits, check_disk, is_not_mounted
from firmware_config.tools import find_tool, last_line


@dataclass(frozen=True)
class Target:
    """Which device, and what the user allows."""

    device: Path
    confirm: str = ""
    """The device once more; empty: a dry run."""
    max_size_gib: float = 256.0
    allow_loop: bool = False
    unmount: bool = False

    def limits(self, image_bytes: int) -> Limits:
        """The rules' limits for an image of this size."""
        return Limits(image_bytes, self.max_size_gib, self.allow_loop)


def find_target(target: Target, image_bytes: int) -> Disk:
    """The checked disk; what is mounted is unmounted where the user allows it.

    Raises:
        RefusedError: the disk breaks a rule, or is confirmed by another name.
    """
    if target.confirm and target.confirm != str(target.device):
        raise RefusedError(f"CONFIRM={target.confirm} is not DEVICE={target.device}; nothing was written")
    disk = find_disk(read_disks(), target.device)
    limits = target.limits(image_bytes)
    if target.unmount and target.confirm:
        # What is not to be written is not to be unmounted either.
        check_disk(disk, limits, but=is_not_mounted)
        unmount(disk)
        disk = find_disk(read_disks(), target.device)
    check_disk(disk, limits)
    return disk


def unmount(disk: Disk) -> None:
    """Unmount all that is on a disk, never by force.

    Raises:
        RefusedError: something on it is in use.
    """
    for part in disk.whole():
        for point in part.mountpoints:
            done = subprocess.run([find_tool("umount"), point], capture_output=True, check=False)
            if done.returncode:
                raise RefusedError(
                    f"{point} cannot be unmounted ({last_line(done.stderr)}); nothing was written"
                )


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
        tell_kernel(device)
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
