"""A pytest plugin: tests that lack a Debian package are skipped and listed at the end; in CI they fail."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from device.contract.errors import MissingOutsideError
from tests.packages import MODULES, PROGRAMS, locate

INSTALL = re.compile(r"apt-get install ([a-z0-9+. -]+)")
IMPORT = re.compile(r"could not import '([\w.]+)'")

skipped_for: Counter[str] = Counter()
"""Tests skipped, by the packages that would let them run, joined by blanks."""


def need(*programs: str) -> None:
    """Skip where a program is not installed."""
    missing = [name for name in programs if locate(name) is None]
    if missing:
        packages = " ".join(sorted({PROGRAMS.get(name, name) for name in missing}))
        pytest.skip(f"not installed: {', '.join(missing)}; apt-get install {packages}")


def packages_for(error: BaseException) -> str:
    """The Debian packages whose absence an exception tells of; empty: it tells of something else."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return PROGRAMS.get(Path(os.fsdecode(error.filename)).name, "")
    if not isinstance(error, MissingOutsideError | pytest.skip.Exception):
        return ""
    return packages_named(str(error))


def packages_named(reason: str) -> str:
    """The packages of a sentence that ends with the command to install them."""
    if found := INSTALL.search(reason):
        return found[1].strip(" .")
    found = IMPORT.search(reason)
    return MODULES.get(found[1], "") if found else ""


def judge(report: pytest.TestReport | pytest.CollectReport, packages: str, reason: str) -> None:
    """Skip for want of packages, or fail in CI, which has them all."""
    if os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{reason}\nin CI nothing is skipped for want of a package"
        return
    report.outcome = "skipped"
    report.longrepr = (report.nodeid.split("::")[0], None, f"Skipped: {reason}")
    skipped_for[packages] += 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(call):
    report = yield
    error = call.excinfo.value if call.excinfo else None
    packages = packages_for(error) if error is not None else ""
    if packages:
        judge(report, packages, str(error))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    if report.skipped:
        reason = report.longrepr[2]
        packages = packages_named(reason)
        if packages:
            judge(report, packages, reason)
    return report


def pytest_terminal_summary(terminalreporter):
    if not skipped_for:
        return
    terminalreporter.section(f"install these to run the other {skipped_for.total()} tests")
    for packages, count in skipped_for.most_common():
        terminalreporter.line(f"{count:5d}  {packages}")
    every = sorted({package for packages in skipped_for for package in packages.split()})
    terminalreporter.line(f"apt-get install --no-install-recommends {' '.join(every)}")
