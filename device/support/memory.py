"""How much memory this process holds."""

import os
from pathlib import Path

STATM = Path("/proc/self/statm")
"""Linux: pages in all, pages resident, ..."""


def resident_mb() -> float | None:
    """Resident megabytes of 10^6 bytes; None where there is no /proc."""
    if not STATM.is_file():
        return None
    pages = int(STATM.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
