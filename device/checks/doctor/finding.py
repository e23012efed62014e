"""What was found of one thing."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from device.checks.doctor.host import Host


class Grade(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    WARNING = "warning"
    """Works, but worse or less safely than it should."""
    FAULT = "fault"
    """Does not work."""
    ABSENT = "absent"
    """Not here, and nothing asks for it; or it cannot be told here."""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's."""

    grade: Grade
    """How it is to be taken."""
    seen: str
    """What was found."""
    fix: str = ""
    """What to do; empty where there is nothing to do."""


Examination = Callable[[Host], Finding]
"""Looks at one thing; must not change it, and must not raise."""


def ok(seen: str) -> Finding:
    """As it should be."""
    return Finding(Grade.OK, seen)


def warning(seen: str, fix: str) -> Finding:
    """Worse than it should be."""
    return Finding(Grade.WARNING, seen, fix)


def fault(seen: str, fix: str) -> Finding:
    """Does not work."""
    return Finding(Grade.FAULT, seen, fix)


def absent(seen: str, fix: str = "") -> Finding:
    """Not here, and not asked for."""
    return Finding(Grade.ABSENT, seen, fix)
