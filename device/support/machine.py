"""The machine that the device runs on: its name, heat, power and clock, read from /proc and /sys.

Every function takes the root of the file tree, so that a test can give it that of another machine, and
returns None where the machine does not tell.
"""

import hashlib
import os
from pathlib import Path

ROOT = Path("/")
"""Of this machine."""

THROTTLE_BITS = {0: "under_voltage", 1: "frequency_capped", 2: "throttled", 3: "soft_temperature_limit"}
"""Bits of a Raspberry Pi's `get_throttled` that hold now."""

SINCE_BOOT = 16
"""The same bits, shifted by so many places, hold if it has happened since boot."""

CPU_ZONES = ("cpu-thermal", "cpu_thermal", "soc-thermal", "x86_pkg_temp")
"""Types of thermal zones that measure the processor: those of a Raspberry Pi first."""

STATM = Path("/proc/self/statm")
"""Linux: pages in all, pages resident, ..."""


def read_word(path: Path) -> str | None:
    """The text of a small file without surrounding blanks and zeros; None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n\t")
    except OSError:
        return None


def board_name(root: Path = ROOT) -> str:
    """The device tree's model, else the processor's name, else "unknown"."""
    model = read_word(root / "proc/device-tree/model")
    if model:
        return model
    for line in (read_word(root / "proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model") and value.strip():
            return value.strip()
    return "unknown"


def is_raspberry_pi(root: Path = ROOT) -> bool:
    """Whether this is a Raspberry Pi, by its device tree."""
    return board_name(root).startswith("Raspberry Pi")


def manufacturer(root: Path = ROOT) -> str | None:
    """Who makes the board, where the machine says so."""
    if is_raspberry_pi(root):
        return "Raspberry Pi"
    return read_word(root / "sys/class/dmi/id/sys_vendor") or None


def machine_tag(root: Path = ROOT) -> str | None:
    """Six hexadecimal digits that tell this machine from others of the same host name.

    A hash of the board's serial number, which differs where cards are copies of each other, and of the
    installation's machine id, which must not be published itself (machine-id(5)). None where both are
    missing.
    """
    serial = read_word(root / "proc/device-tree/serial-number") or ""
    installation = read_word(root / "etc/machine-id") or ""
    if not serial + installation:
        return None
    return hashlib.sha256(f"landmarks/{serial}/{installation}".encode()).hexdigest()[:6]


def temperature_c(root: Path = ROOT) -> float | None:
    """Degrees Celsius of the processor."""
    zones = {
        read_word(zone / "type"): zone for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*"))
    }
    chosen = next((zones[kind] for kind in CPU_ZONES if kind in zones), None)
    milli = read_word(chosen / "temp") if chosen else None
    return int(milli) / 1000 if milli and milli.lstrip("-").isdigit() else None


def throttle_word(root: Path = ROOT) -> int | None:
    """`get_throttled` of a Raspberry Pi's firmware, read from sysfs."""
    files = sorted((root / "sys/devices/platform").glob("soc*/soc*firmware/get_throttled"))
    return parse_throttle_word(read_word(files[0])) if files else None


def parse_throttle_word(text: str | None) -> int | None:
    """`50005`, `0x50005` or `throttled=0x50005` as an integer; None if it is none of them."""
    try:
        return int((text or "").strip().removeprefix("throttled="), 16)
    except ValueError:
        return None


def throttled_now(word: int) -> list[str]:
    """Names of what slows the processor down at this moment."""
    return [name for bit, name in THROTTLE_BITS.items() if word >> bit & 1]


def throttled_since_boot(word: int) -> list[str]:
    """Names of what has slowed it down at some time since boot."""
    return throttled_now(word >> SINCE_BOOT)


def governor(root: Path = ROOT) -> str | None:
    """The policy that sets the processor's clock: performance, ondemand, schedutil, powersave."""
    return read_word(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def resident_mb() -> float | None:
    """Resident megabytes of 10^6 bytes; None where there is no /proc."""
    if not STATM.is_file():
        return None
    pages = int(STATM.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
