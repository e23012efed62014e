"""What can be refused before anything is built: the image, the card, the host's programs.

`make` runs it by the system's own Python, before an environment is there: the standard library alone.
"""

from pathlib import Path

from device.contract.errors import MissingOutsideError, UsageError
from firmware_config.stock import check_kind
from firmware_config.tools import PACKAGES, locate

IMAGE_TOOLS = ("bmaptool", "mcopy", "mdeltree", "mdir", "mmd", "mtype", "sfdisk", "tar", "zstd")
"""What customising an image runs."""

CARD_TOOLS = ("lsblk",)
SSH_TOOLS = ("scp", "ssh", "tar", "zstd")


def check_tools(*names: str) -> None:
    """Name every missing program's Debian package at once.

    Raises:
        MissingOutsideError: at least one is not installed.
    """
    missing = [name for name in names if locate(name) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        raise MissingOutsideError(f"not installed: {', '.join(missing)}; apt-get install {packages}")


def check_image(stock: Path) -> None:
    """The image's kind, and the programs that customise it.

    Raises:
        BadInputError: the file is no image.
        MissingOutsideError: a program is not installed.
    """
    check_kind(stock)
    check_tools(*IMAGE_TOOLS, *(("xz",) if stock.suffix == ".xz" else ()))


def check_host(host: str) -> None:
    """A host is USER@NAME or a name of ~/.ssh/config.

    Raises:
        UsageError: ssh would take it for something else.
    """
    if not host or host.startswith("-") or any(letter.isspace() for letter in host):
        raise UsageError(f"HOST={host!r}: wanted USER@NAME, as in pi@landmarks.local")
