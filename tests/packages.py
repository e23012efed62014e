"""Debian packages that tests need; `python3 tests/packages.py` lists those that are missing.

Nothing but the standard library: `.ci/run` asks before there is an environment.
"""

import shutil
import subprocess

PROGRAMS = {
    "bmaptool": "bmap-tools",
    "c++": "g++",
    "chromium": "chromium",
    "ffmpeg": "ffmpeg",
    "gcc": "gcc",
    "git": "git",
    "godot3-server": "godot3-server",
    "losetup": "mount",
    "lsblk": "util-linux",
    "make": "make",
    "mcopy": "mtools",
    "mcs": "mono-mcs",
    "mformat": "mtools",
    "mke2fs": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "mono": "mono-runtime",
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "openssl": "openssl",
    "sfdisk": "fdisk",
    "ssh-keygen": "openssh-client",
    "systemd-analyze": "systemd",
    "unshare": "util-linux",
    "xz": "xz-utils",
    "zstd": "zstd",
}
"""Package of every program that a test runs."""

LIBRARIES = ("libc6-dev", "libegl1", "libgl1-mesa-dri", "python3-dev")
"""Packages without a program: headers to compile with, OpenGL without a screen."""

MODULES = {"meshoptimizer": "g++"}
"""Package without which `make` leaves a Python module out."""


def locate(program: str) -> str | None:
    """Full path of a program; some are in /usr/sbin, which is not on every user's path."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def is_installed(package: str) -> bool:
    """Whether dpkg has it; true where there is no dpkg to ask."""
    if shutil.which("dpkg-query") is None:
        return True
    command = ["dpkg-query", "--show", "--showformat=${Status}", package]
    return "ok installed" in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def missing_packages() -> list[str]:
    """What to install, by name."""
    packages = {package for program, package in PROGRAMS.items() if locate(program) is None}
    return sorted(packages | {package for package in LIBRARIES if not is_installed(package)})


if __name__ == "__main__":
    print(*missing_packages())
