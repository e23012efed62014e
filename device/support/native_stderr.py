"""Standard error of native code, which Python's `sys.stderr` cannot filter."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
# The descriptor belongs to the process: two threads must not exchange it at once.
_lock = threading.Lock()


@contextmanager
def without_lines(*fragments: bytes) -> Iterator[None]:
    """Drop the lines with one of these fragments that anything writes to standard error meanwhile.

    Other lines come out at the end. For short calls only: what the process writes is held back until then.
    """
    # In memory: `tempfile` loads ten modules for this alone.
    with _lock, os.fdopen(os.memfd_create("held"), "w+b") as held:
        try:
            original = os.dup(_STDERR)
        except OSError:
            # A daemon may run with standard error closed: there is nothing to filter.
            yield
            return
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(original, _STDERR)
            held.seek(0)
            for line in held:
                if not any(fragment in line for fragment in fragments):
                    os.write(original, line)
            os.close(original)
