"""An accelerator that crashes and hangs: a fake library in the daemon's guarded child."""

import os
import signal
import time
from pathlib import Path

from tests.chaos.subject import Subject, children_of
from tests.device.inference.delegates import build_library, make_pair

CHILD = b"device.inference.remote_worker"
APPEAR_SECONDS = 40.0
"""The daemon waits longer and longer with an accelerator that keeps failing, up to half a minute."""


class Accelerator:
    """The daemon's flags for it, and the ways to make it fail."""

    def __init__(self, folder: Path) -> None:
        self.flags = [
            *("--model", str(make_pair(folder))),
            *("--set", "inference.accelerator=edgetpu"),
            *("--set", f"inference.delegate={build_library(folder)}"),
        ]

    def child_of(self, subject: Subject) -> int:
        """The process that holds the library; waited for, because it is started anew after each failure."""
        until = time.monotonic() + APPEAR_SECONDS
        while time.monotonic() < until:
            for child in children_of(subject.process.pid):
                if CHILD in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
            time.sleep(0.05)
        raise AssertionError(f"the daemon started no {CHILD.decode()} for {APPEAR_SECONDS} s")

    def crash(self, subject: Subject) -> None:
        """As a library does that was built for another runtime."""
        os.kill(self.child_of(subject), signal.SIGSEGV)

    def hang(self, subject: Subject) -> None:
        """As one does whose device was pulled out."""
        os.kill(self.child_of(subject), signal.SIGSTOP)
