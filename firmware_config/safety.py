"""Whether a disk may be written over: each rule is a function, and says why not."""

from collections.abc import Callable
from dataclasses import dataclass

from device.contract.errors import RefusedError
from firmware_config.disk.disks import Disk

GIB = 1 << 30

SYSTEM_FOLDERS = ("boot", "efi", "etc", "home", "nix", "opt", "root", "srv", "usr", "var")
"""What is mounted on or below these makes a disk the system's; cards are mounted below /media, /run, /mnt."""

MEMBERS = ("LVM2_member", "crypto_LUKS", "linux_raid_member", "zfs_member", "bcache")
"""Kinds of content that are a part of something larger."""


@dataclass(frozen=True)
class Limits:
    """What the user allows beyond the ordinary."""

    image_bytes: int
    """What must fit."""
    max_size_gib: float = 256.0
    """A larger "card" is a backup disk."""
    allow_loop: bool = False
    """Loop devices are for tests."""


def is_of_the_system(point: str) -> bool:
    """Whether the running system lives on what is mounted there."""
    return point in ("/", "[SWAP]") or point.split("/")[1] in SYSTEM_FOLDERS


def is_whole_disk(disk: Disk, limits: Limits) -> str | None:
    """A whole disk, not a partition or something that is built on one."""
    if disk.type == "disk" or (disk.type == "loop" and limits.allow_loop):
        return None
    kind = {"part": "a partition", "loop": "a loop device"}.get(disk.type, f"of type {disk.type}")
    return f"is {kind}, wanted a whole disk, as in /dev/sdb or /dev/mmcblk0"


def is_removable(disk: Disk, limits: Limits) -> str | None:
    """Removable, hot-pluggable, or on USB or MMC: built-in card readers say 0 for the first at times."""
    if disk.removable or disk.hotplug or disk.transport in ("usb", "mmc"):
        return None
    if disk.name.startswith("mmcblk") or (disk.type == "loop" and limits.allow_loop):
        return None
    return f"is built in (transport {disk.transport or 'unknown'}), wanted a card reader or a USB disk"


def is_not_of_the_system(disk: Disk, _limits: Limits) -> str | None:
    """Nothing the running system lives on: /, /boot, /home, swap ... on it or on what stands on it."""
    for part in disk.whole():
        for point in part.mountpoints:
            if is_of_the_system(point):
                return f"is a disk of this system ({part.path} is {point}); choose another"
    return None


def is_not_held(disk: Disk, _limits: Limits) -> str | None:
    """No part of a volume group, a RAID, an encrypted or a pooled disk."""
    for part in disk.whole():
        if part.holders:
            return f"is in use by {', '.join(part.holders)} ({part.path}); take that apart first"
        if part.filesystem in MEMBERS:
            return f"is part of something larger ({part.path} is {part.filesystem}); choose another"
    return None


def is_not_mounted(disk: Disk, _limits: Limits) -> str | None:
    """Nothing on it is mounted."""
    places = [point for part in disk.whole() for point in part.mountpoints]
    return f"is mounted on {', '.join(places)}; unmount it, or say UNMOUNT=1" if places else None


def is_writable(disk: Disk, _limits: Limits) -> str | None:
    """Not read-only."""
    return "is read-only; move the card's lock switch" if disk.read_only else None


def is_large_enough(disk: Disk, limits: Limits) -> str | None:
    """The image fits."""
    if disk.size_bytes >= limits.image_bytes:
        return None
    return f"has {disk.size_bytes / 1e9:.2f} GB, the image {limits.image_bytes / 1e9:.2f}; use a larger card"


def is_no_backup_disk(disk: Disk, limits: Limits) -> str | None:
    """No larger than cards are."""
    if disk.size_bytes <= limits.max_size_gib * GIB:
        return None
    size = f"{disk.size_bytes / GIB:.0f} GiB"
    return f"has {size}, cards have at most {limits.max_size_gib:g}; if it is one, raise MAX_SIZE_GIB"


Rule = Callable[[Disk, Limits], str | None]
"""Why a disk may not be written; None: by this rule it may."""

RULES: tuple[Rule, ...] = (
    is_whole_disk,
    is_not_of_the_system,
    is_not_held,
    is_removable,
    is_not_mounted,
    is_writable,
    is_large_enough,
    is_no_backup_disk,
)
"""In this order: the gravest reason is the one that is said."""


def check_disk(disk: Disk, limits: Limits, but: Rule | None = None) -> None:
    """Refuse a disk that breaks a rule, `but` one that is not asked.

    Raises:
        RefusedError: the first rule that it breaks.
    """
    for rule in RULES:
        reason = None if rule is but else rule(disk, limits)
        if reason is not None:
            raise RefusedError(f"{disk.path} {reason}; nothing was written")
