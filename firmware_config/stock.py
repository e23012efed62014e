"""The stock image as downloaded: its kind, and the hash that was published for it."""

import re
from pathlib import Path

from device.contract.errors import BadInputError, VerifyFailedError
from device.contract.files import read_bounded, sha256_of

WANTED = "Raspberry Pi OS Lite (64-bit), bookworm or trixie"

MAX_CHECKSUM_BYTES = 100_000
"""Of a checksum file, which may list many images."""

GNU_LINE = re.compile(r"\\?([0-9a-fA-F]{64})(?:\s+\*?(\S.*?))?\s*")
"""`sha256sum`: HASH, two spaces (or a space and a star), NAME; the name may be left out."""

BSD_LINE = re.compile(r"SHA256 \((.+)\) = ([0-9a-fA-F]{64})\s*")
"""`sha256sum --tag`."""


def check_kind(stock: Path) -> None:
    """Refuse what cannot be an image, without reading it.

    Raises:
        BadInputError: no such file, or another kind of file.
    """
    if not stock.is_file() or stock.suffix not in (".img", ".xz"):
        raise BadInputError(f"IMAGE={stock}: wanted a file .img or .img.xz: {WANTED}")
    published_sha256(stock)


def check_stock(stock: Path) -> None:
    """Hold a downloaded image to the .sha256 file beside it, where there is one.

    Raises:
        BadInputError: no such file, no image, or a .sha256 file that cannot be used.
        VerifyFailedError: the image is not what was published.
    """
    check_kind(stock)
    wanted = published_sha256(stock)
    if wanted is None:
        return
    got = sha256_of(stock)
    if got != wanted:
        raise VerifyFailedError(
            f"{stock}: SHA-256 is {got}, {stock.name}.sha256 says {wanted}; download it again"
        )


def published_sha256(stock: Path) -> str | None:
    """The hash that the .sha256 file beside an image gives for it; None without such a file.

    Raises:
        BadInputError: the file is empty, binary, of another format, or names other images only.
    """
    beside = stock.with_name(stock.name + ".sha256")
    if not beside.exists():
        return None
    wanted = f"wanted `HASH  {stock.name}`; download {beside.name} again, or remove it"
    try:
        text = read_bounded(beside, MAX_CHECKSUM_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{beside} is no text, {wanted}") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadInputError(f"{beside} is empty, {wanted}")
    entries = [entry for line in lines if (entry := parse_line(line)) is not None]
    if not entries:
        raise BadInputError(f"{beside} holds no SHA-256, {wanted}")
    for name, digest in entries:
        if name in (None, stock.name):
            return digest
    raise BadInputError(f"{beside} is for {entries[0][0]!r}, {wanted}")


def parse_line(line: str) -> tuple[str | None, str] | None:
    """Name and hash of a checksum file's line, the name without folders; None where it is no such line."""
    if match := BSD_LINE.fullmatch(line):
        return Path(match[1]).name, match[2].lower()
    if match := GNU_LINE.fullmatch(line):
        return Path(match[2]).name if match[2] else None, match[1].lower()
    return None
