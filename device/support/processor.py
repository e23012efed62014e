"""The processor, and whether it multiplies int8 in dot products: that decides how int8 compares with float.

With such instructions one step multiplies four int8 pairs and adds them up; without them int8 is widened to
16 bits first, and an int8 network is hardly faster than the same network in float. Times of the two classes
cannot be compared.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from device.support.machine import ROOT, board_name, read_word

DOT_PRODUCTS = ("amx_int8", "avx512_vnni", "avx_vnni", "i8mm", "asimddp")
"""Names that Linux gives to int8 dot products in /proc/cpuinfo, best first: x86-64, then Arm."""


@dataclass(frozen=True)
class Processor:
    """What a measured time depends on."""

    name: str
    """As the board or the processor calls itself."""
    dot_products: tuple[str, ...]
    """Its int8 dot product instructions, best first; empty where it has none."""

    @property
    def kind(self) -> str:
        """Class under which figures may be compared."""
        return "int8 dot products" if self.dot_products else "no int8 dot products"

    def __str__(self) -> str:
        """Name and class in one line."""
        return f"{self.name}, {self.kind}" + (f" ({self.dot_products[0]})" if self.dot_products else "")


def read_processor(root: Path = ROOT) -> Processor:
    """The processor of the machine whose file tree begins at `root`."""
    flags: set[str] = set()
    for line in (read_word(root / "proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            flags.update(value.split())
    return Processor(board_name(root), tuple(name for name in DOT_PRODUCTS if name in flags))


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
