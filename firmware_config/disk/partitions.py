"""Where an image's partitions lie, as its table says."""

import json
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import BadInputError
from firmware_config.tools import call

FAT_TYPES = {"b", "c", "e", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"}
"""MBR types of FAT16 and FAT32; GPT types of Microsoft data and EFI."""


@dataclass(frozen=True)
class Partition:
    """One partition of an image."""

    start_bytes: int
    """From the image's beginning."""
    size_bytes: int
    """Of the partition."""
    type: str
    """As the table writes it."""


def read_partitions(image: Path) -> list[Partition]:
    """Every partition of an image or a disk, in the table's order.

    Raises:
        BadInputError: there is no partition table.
        MissingOutsideError: sfdisk is not installed.
    """
    try:
        table = json.loads(call("sfdisk", "--json", image))["partitiontable"]
    except BadInputError as error:
        raise BadInputError(f"{image}: no partition table; wanted a Raspberry Pi OS image (.img)") from error
    sector = int(table.get("sectorsize", 512))
    return [
        Partition(entry["start"] * sector, entry["size"] * sector, entry["type"])
        for entry in table.get("partitions", [])
    ]


def find_boot_partition(image: Path) -> Partition:
    """The first FAT partition.

    Raises:
        BadInputError: there is none, or the image ends before it does.
    """
    fat = [entry for entry in read_partitions(image) if entry.type in FAT_TYPES]
    if not fat:
        raise BadInputError(f"{image}: no FAT partition; wanted a Raspberry Pi OS image")
    end = fat[0].start_bytes + fat[0].size_bytes
    if image.is_file() and image.stat().st_size < end:
        raise BadInputError(f"{image}: ends before its boot partition does; download it again")
    return fat[0]
