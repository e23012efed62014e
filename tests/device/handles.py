"""Open handles of this process, by kind."""

import contextlib
import gc
import re
from collections import Counter
from pathlib import Path


def open_handles() -> Counter[str]:
    """How many there are of each pipe, socket or file, whatever its number.

    What earlier tests left in reference cycles goes first. Their threads may still end in between, so what is
    compared of two counts is what the later one has beyond the earlier.
    """
    gc.collect()
    kinds: Counter[str] = Counter()
    for handle in list(Path("/proc/self/fd").iterdir()):
        # The handle by which the folder was listed is gone by now.
        with contextlib.suppress(FileNotFoundError):
            kinds[re.sub(r"\d+", "", str(handle.readlink()))] += 1
    return kinds
