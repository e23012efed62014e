"""Which disk is to be written: found, checked, unmounted where the user allows it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import RefusedError
from firmware_config.disk.disks import Disk, find_disk, read_disks
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

    @property
    def may_unmount(self) -> bool:
        """Only where the card is to be written."""
        return self.unmount and bool(self.confirm)

    def limits(self, image_bytes: int) -> Limits:
        """The rules' limits for an image of this size."""
        return Limits(image_bytes, self.max_size_gib, self.allow_loop)


def check_target(target: Target, image_bytes: int = 0) -> Disk:
    """The disk that was named, checked against every rule; touches nothing.

    Raises:
        RefusedError: the disk breaks a rule, or is confirmed by another name.
    """
    if target.confirm and target.confirm != str(target.device):
        raise RefusedError(f"CONFIRM={target.confirm} is not DEVICE={target.device}; nothing was written")
    disk = find_disk(read_disks(), target.device)
    check_disk(disk, target.limits(image_bytes), but=is_not_mounted if target.may_unmount else None)
    return disk


def find_target(target: Target, image_bytes: int) -> Disk:
    """The checked disk; what is mounted on it is unmounted where the user allows it.

    Raises:
        RefusedError: the disk breaks a rule, or something on it cannot be unmounted.
    """
    disk = check_target(target, image_bytes)
    if target.may_unmount:
        # Only what has passed every other rule is unmounted.
        unmount(disk)
        disk = find_disk(read_disks(), target.device)
        check_disk(disk, target.limits(image_bytes))
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
