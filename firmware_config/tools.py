"""The host's programs (mtools, sfdisk, zstd, ssh ...): found, run, and quoted when they fail."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from device.contract.errors import BadInputError, MissingOutsideError

PACKAGES = {
    "bmaptool": "bmap-tools",
    "lsblk": "util-linux",
    "mcopy": "mtools",
    "mdeltree": "mtools",
    "mdir": "mtools",
    "mmd": "mtools",
    "mtype": "mtools",
    "cp": "coreutils",
    "scp": "openssh-client",
    "sfdisk": "fdisk",
    "ssh": "openssh-client",
    "xz": "xz-utils",
    "tar": "tar",
    "umount": "mount",
    "zstd": "zstd",
}
"""Debian package of every program called here."""


def locate(name: str) -> str | None:
    """Full path of a program, or None; /usr/sbin, where sfdisk is, is not on every user's path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def find_tool(name: str) -> str:
    """Full path of a program.

    Raises:
        MissingOutsideError: it is not installed; the message names the Debian package.
    """
    found = locate(name)
    if found is None:
        raise MissingOutsideError(
            f"{name} is not installed: apt-get install {PACKAGES.get(name, name)} (macOS: brew)"
        )
    return found


def call(name: str, *words: str | Path, data: bytes | None = None, folder: Path | None = None) -> bytes:
    """Run a program and return its standard output.

    Args:
        name: of the program.
        words: its arguments.
        data: its standard input.
        folder: where it runs.

    Raises:
        MissingOutsideError: it is not installed.
        BadInputError: it failed; the message has its last line.
    """
    command = [find_tool(name), *map(str, words)]
    done = subprocess.run(command, input=data, capture_output=True, cwd=folder, check=False)
    if done.returncode:
        raise BadInputError(f"{name} {words_of(words)} failed: {last_line(done.stderr)}")
    return done.stdout


def words_of(words: Sequence[str | Path]) -> str:
    """Arguments as one short text for an error."""
    text = " ".join(map(str, words))
    return text if len(text) <= 160 else f"{text[:157]}..."


def last_line(output: bytes) -> str:
    """The last non-empty line of a program's output."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "without a message"
