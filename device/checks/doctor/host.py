"""The machine, as the doctor sees it: files, programs and the settings, all passed in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device.settings import DaemonSettings
from device.support import machine

COMMAND_SECONDS = 20.0
"""For any program that is asked; an import on a small board takes some seconds."""


@dataclass(frozen=True)
class Answer:
    """What a program said."""

    code: int
    """Exit status; negative: the signal that killed it."""
    said: str
    """Both its outputs."""

    @property
    def last_line(self) -> str:
        """Of a traceback, the error itself."""
        lines = self.said.strip().splitlines()
        return lines[-1] if lines else f"exit status {self.code}"


Ask = Callable[[Sequence[str]], Answer | None]
"""Runs a program; None where there is none of that name, or it did not end in time."""


def ask(command: Sequence[str]) -> Answer | None:
    """Run a program of this machine."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Answer(done.returncode, done.stdout + done.stderr)


def free_bytes(path: Path) -> int:
    """Of the disk on which a path lies, or will."""
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


@dataclass(frozen=True)
class Host:
    """Everything that an examination may look at."""

    settings: DaemonSettings = field(default_factory=DaemonSettings)
    """What the daemon is to do: what it does not need may be absent."""
    config: Path | None = None
    """The settings file, if one was named."""
    root: Path = machine.ROOT
    """Of the file tree."""
    ask: Ask = ask
    """Runs programs."""
    python: str = sys.executable
    """The interpreter that the daemon will run in."""
    version: tuple[int, int] = (sys.version_info.major, sys.version_info.minor)
    """Of that interpreter."""
    is_64_bit: bool = sys.maxsize > 2**32
    """Whether it is."""
    may_use: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK | os.W_OK)
    """Whether this user may read and write a path."""
    free_bytes: Callable[[Path], int] = free_bytes
    """Of the disk on which a path lies."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """For the secrets."""

    def can_import(self, module: str) -> Answer | None:
        """What a fresh interpreter says to an import: a clash of versions may kill it."""
        return self.ask([self.python, "-c", f"import {module}"])

    def wants_source(self, *schemes: str) -> bool:
        """Whether the settings' source is one of these."""
        return self.settings.source.partition(":")[0] in schemes
