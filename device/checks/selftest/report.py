"""The self-test's report as text; as JSON it is the message `selftest` of the stream."""

from device.checks.selftest.check import Check
from device.messages.selftest import SelftestMessage

BUSY = 0.1
"""Fraction of the time spent waiting for the processor above which times mean little."""


def failed_checks(report: SelftestMessage) -> list[str]:
    """Names of the checks that did not pass."""
    return [check.name for check in report.checks if not check.passed]


def lines_of(report: SelftestMessage) -> list[str]:
    """The figures, then the checks."""
    checks = [check.line for check in report.checks if isinstance(check, Check)]
    return [*(_table(report) if report.figures else []), *checks]


def _table(report: SelftestMessage) -> list[str]:
    tracked, live = report.figures["tracked"], report.figures["live"]
    elsewhere = report.figures["elsewhere"]
    return [
        f"{report.model} on {report.processor}",
        f"governor {report.governor or 'unknown'}, demo 640x480, one face",
        f"tracked: {tracked['frames']} frames, each begun when the one before was out",
        f"live: {live['frames']} frames of the daemon as a process, {live['fps']:.1f} a second",
        f"both after {tracked['warm_up']} frames to warm up",
        *([f"BUSY: {elsewhere:.0%} of the time went to other programs"] if elsewhere > BUSY else []),
        f"{'p50 / p95 / p99 ms':12} {'tracked':>26} {'live':>26}",
        *(
            f"{name:18} {_row(spread):>26} {_row(live['stages_ms'][name]):>26}"
            for name, spread in tracked["stages_ms"].items()
        ),
        f"with search        {_row(tracked['with_search']['message_ms']):>26}",
    ]


def _row(spread: dict[str, float]) -> str:
    return " ".join(f"{spread[name]:8.3f}" for name in ("p50", "p95", "p99"))
