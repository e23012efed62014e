"""Which parts of an image hold data, and their checksums: the .bmap file that bmaptool writes."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import BadInputError


@dataclass(frozen=True)
class Range:
    """A stretch of the image with data in it."""

    start_bytes: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Bmap:
    """The map of one image."""

    image_bytes: int
    ranges: tuple[Range, ...]

    @property
    def mapped_bytes(self) -> int:
        """What is written."""
        return sum(part.size_bytes for part in self.ranges)


def read_bmap(path: Path) -> Bmap:
    """Read a .bmap.

    Raises:
        BadInputError: it is none, or it has no SHA-256 checksums.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - written by us a moment ago
        image_bytes, block = int(found(root, "ImageSize")), int(found(root, "BlockSize"))
        ranges = [range_from(entry, block, image_bytes) for entry in root.iter("Range")]
    except (OSError, ET.ParseError, ValueError) as error:
        raise BadInputError(f"{path}: no map of an image ({error}); run `make pi-image` again") from error
    return Bmap(image_bytes, tuple(ranges))


def found(root: ET.Element, name: str) -> str:
    """The text of an element.

    Raises:
        ValueError: there is none.
    """
    text = root.findtext(name)
    if text is None:
        raise ValueError(f"no {name}")
    return text.strip()


def range_from(entry: ET.Element, block: int, image_bytes: int) -> Range:
    """`FIRST-LAST` or `ONLY`, in blocks.

    Raises:
        ValueError: it is neither, or has no checksum.
    """
    match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", entry.text or "")
    if match is None or not re.fullmatch(r"[0-9a-f]{64}", entry.get("chksum", "")):
        raise ValueError(f"range {entry.text!r}")
    first, last = int(match[1]), int(match[2] or match[1])
    end = min((last + 1) * block, image_bytes)
    return Range(first * block, end - first * block, entry.get("chksum", ""))
