"""What makes a program start sooner, around the imports of its heavy libraries."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NEEDLESS = "typing_extensions"
"""msgspec loads it where it is installed, but takes what it needs from `typing` where it is not: 5 % of the
daemon's start."""


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import without what takes time and is of no use; only where nothing else is imported meanwhile.

    OpenBLAS gets one thread: our products are too small for more, which would spin for a tenth of a second
    before they sleep. Garbage is not searched, and later never among what is there at the end: some thirty
    thousand objects that all stay, which take an x86 processor 15 ms each time, the time of several frames.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    hidden = NEEDLESS not in sys.modules
    if hidden:
        # An entry of None makes Python's import fail as if nothing of that name were installed.
        sys.modules[NEEDLESS] = None  # type: ignore[assignment]
    gc.disable()
    try:
        yield
    finally:
        if hidden:
            del sys.modules[NEEDLESS]
        gc.freeze()
        gc.enable()
