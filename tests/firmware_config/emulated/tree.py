"""Debian's Pythons for aarch64 with the locked wheels, as trees of files for qemu-user."""

import sys
from pathlib import Path

from firmware_config.payload import PROJECT, build_device_wheel
from firmware_config.wheels import System, download, platform_flags
from tests.firmware_config.double.build import CACHE, cached_tar, run

PACKAGES = ["python3", "python3-numpy", "libopenblas0-pthread", "libpython3-stdlib", "libstdc++6"]

LIBRARIES = "/usr/lib/aarch64-linux-gnu/openblas-pthread"
"""Where Debian's numpy finds what its packages would have linked when they were configured."""

PROCESSORS = {"cortex-a72": "0xd08", "cortex-a76": "0xd0b"}
"""A Pi 4's and a Pi 5's, with their part numbers. XNNPACK takes other kernels on each."""

CORE = """processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {part}
CPU revision\t: 3

"""
"""Of /proc/cpuinfo."""


def show_processor(tree: Path, name: str) -> None:
    """What the kernel would show of four cores. Without it the runtime does without XNNPACK."""
    cores, processes = tree / "sys/devices/system/cpu", tree / "proc"
    for folder in (cores, processes):
        folder.mkdir(parents=True, exist_ok=True)
    for file in ("possible", "present"):
        (cores / file).write_text("0-3\n")
    lines = (CORE.format(number=number, part=PROCESSORS[name]) for number in range(4))
    (processes / "cpuinfo").write_text("".join(lines))


def install(system: System, folder: Path) -> Path:
    """A tree with the locked wheels and the device's own below /opt/installed."""
    tree, wheels = folder / "tree", folder / "wheels"
    tree.mkdir()
    wheels.mkdir()
    tar = cached_tar(CACHE, "extract", PACKAGES, suite=system.codename)
    run("tar", "--extract", "--file", tar, "--directory", tree)
    # From trixie on all of libc lies below /usr, and the link that an installation would make is missing.
    if not (tree / "lib").exists():
        (tree / "lib").symlink_to("usr/lib")
    download(PROJECT, system, wheels)
    build_device_wheel(wheels)
    packages = tree / "opt/installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    target = ["--target", packages, *platform_flags(system)]
    lock = PROJECT / "requirements" / system.lock_name
    run(*pip, *target, "--require-hashes", "--find-links", wheels, "--requirement", lock)
    run(*pip, *target, next(wheels.glob("landmarks-*.whl")))
    return tree
