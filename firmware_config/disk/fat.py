"""Files of a FAT partition inside an image, read and written by mtools: no root, no mount."""

import re
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import BadInputError
from firmware_config.tools import call


@dataclass(frozen=True)
class Fat:
    """One FAT partition of an image file."""

    image: Path
    offset_bytes: int
    """Where it begins in the image."""

    @property
    def drive(self) -> str:
        """The partition as mtools takes it."""
        return f"{self.image}@@{self.offset_bytes}"

    def names(self) -> set[str]:
        """Files and folders at the top, in small letters."""
        listing = call("mdir", "-b", "-i", self.drive, "::").decode(errors="replace")
        return {line.removeprefix("::/").rstrip("/").lower() for line in listing.splitlines() if line}

    def read(self, name: str) -> str:
        """A text file.

        Raises:
            BadInputError: there is none of this name.
        """
        return call("mtype", "-i", self.drive, f"::{name}").decode()

    def write(self, name: str, data: bytes) -> None:
        """Write or replace a file."""
        call("mcopy", "-o", "-n", "-i", self.drive, "-", f"::{name}", data=data)

    def copy_in(self, source: Path, name: str) -> None:
        """Write or replace a file by one of the host's."""
        call("mcopy", "-o", "-n", "-i", self.drive, source, f"::{name}")

    def make_empty_folder(self, name: str) -> None:
        """Make a folder at the top; one that is there goes with all that is in it."""
        if name.lower() in self.names():
            call("mdeltree", "-i", self.drive, f"::{name}")
        self.make_folder(name)

    def make_folder(self, name: str) -> None:
        """Make a folder that is not there."""
        call("mmd", "-i", self.drive, f"::{name}")

    def free_bytes(self) -> int:
        """What is left.

        Raises:
            BadInputError: mtools does not say.
        """
        listing = call("mdir", "-i", self.drive, "::").decode(errors="replace")
        match = re.search(r"([\d ]+) bytes free", listing)
        if match is None:
            raise BadInputError(f"{self.image}: the free space of its boot partition is not known")
        return int(match[1].replace(" ", ""))
