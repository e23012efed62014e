"""The host's disks as lsblk and sysfs tell them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError, RefusedError
from firmware_config.tools import call

COLUMNS = "NAME,PATH,TYPE,SIZE,RM,HOTPLUG,TRAN,RO,MOUNTPOINTS,MODEL,VENDOR,SERIAL,FSTYPE,MAJ:MIN"

SYSFS = Path("/sys")


@dataclass(frozen=True)
class Disk:
    """A block device with all that stands on it."""

    name: str
    """As in /sys/class/block."""
    path: str
    """As in /dev."""
    type: str
    """disk, part, loop, lvm, crypt, raid1 ..."""
    size_bytes: int
    number: str
    """MAJOR:MINOR, which names the device whatever its path."""
    removable: bool = False
    hotplug: bool = False
    transport: str = ""
    """usb, mmc, sata, nvme ..."""
    read_only: bool = False
    mountpoints: tuple[str, ...] = ()
    """Of this device alone; [SWAP] where it is swap."""
    holders: tuple[str, ...] = ()
    """Devices made of this one: LVM, LUKS, RAID."""
    filesystem: str = ""
    label: str = ""
    """Vendor, model and serial number, for people."""
    children: tuple["Disk", ...] = ()
    """Partitions, and what stands on them."""

    def whole(self) -> Iterator["Disk"]:
        """This device and all that stands on it."""
        yield self
        for child in self.children:
            yield from child.whole()

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The device and what is on it, for people."""
        said = [self.path, self.type, f"{self.size_bytes / 1e9:.1f} GB", self.label, self.filesystem]
        where = f"mounted on {', '.join(self.mountpoints)}" if self.mountpoints else ""
        yield "  " * depth + "  ".join(word for word in (*said, where) if word)
        for child in self.children:
            yield from child.lines(depth + 1)


def holders_of(name: str, sysfs: Path) -> tuple[str, ...]:
    """Devices that the kernel has built on this one."""
    folder = sysfs / "class" / "block" / name / "holders"
    return tuple(sorted(entry.name for entry in folder.iterdir())) if folder.is_dir() else ()


def disk_from(entry: dict[str, Any], sysfs: Path) -> Disk:
    """One device of lsblk's tree."""

    def text(key: str) -> str:
        return str(entry.get(key) or "").strip()

    return Disk(
        name=text("name"),
        path=text("path"),
        type=text("type"),
        size_bytes=int(entry.get("size") or 0),
        number=text("maj:min"),
        # Old versions of lsblk write "1" for true.
        removable=entry.get("rm") in (True, "1"),
        hotplug=entry.get("hotplug") in (True, "1"),
        transport=text("tran"),
        read_only=entry.get("ro") in (True, "1"),
        mountpoints=tuple(point for point in entry.get("mountpoints") or () if point),
        holders=holders_of(text("name"), sysfs),
        filesystem=text("fstype"),
        label=" ".join(word for key in ("vendor", "model", "serial") if (word := text(key))),
        children=tuple(disk_from(child, sysfs) for child in entry.get("children") or ()),
    )


def parse_disks(listing: bytes, sysfs: Path = SYSFS) -> list[Disk]:
    """Every disk of `lsblk --json --bytes --output ...`.

    Raises:
        BadInputError: it is no such listing.
    """
    try:
        return [disk_from(entry, sysfs) for entry in json.loads(listing)["blockdevices"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(
            f"lsblk's listing cannot be read ({error}); wanted util-linux 2.37 or newer"
        ) from error


def read_disks() -> list[Disk]:
    """Every disk of this machine.

    Raises:
        MissingOutsideError: lsblk is not installed.
    """
    return parse_disks(call("lsblk", "--json", "--bytes", "--all", "--output", COLUMNS))


def find_disk(disks: list[Disk], device: Path) -> Disk:
    """The disk or partition at a path; links such as those below /dev/disk/by-id are followed.

    Raises:
        RefusedError: there is none.
    """
    real = str(device.resolve())
    for disk in disks:
        for part in disk.whole():
            if part.path == real:
                return part
    known = ", ".join(disk.path for disk in disks if disk.type == "disk") or "none"
    raise RefusedError(
        f"{device} is no block device, disks here: {known}; put the card in and look again: lsblk"
    )
