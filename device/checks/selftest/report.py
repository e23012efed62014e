"""All that the self-test found, for people, for programs, and as a message of the stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from device.checks.selftest.check import Check
from device.messages.selftest import SelftestMessage

BUSY = 0.1
"""Share of the time spent waiting for the processor above which times say little."""


@dataclass(frozen=True)
class SelftestReport:
    """The checks with the figures that they were made from."""

    published_ns: int
    """Monotonic nanoseconds just before it is written."""
    model: str
    """NAME@sha8 of the model tested."""
    board: str
    """What the board calls itself."""
    governor: str | None
    """Who chooses the processor's clock; None where the machine does not tell."""
    temperature_c: float | None
    """Degrees Celsius of the processor at the end."""
    checks: Sequence[Check]
    """Every check, in the order of the work."""
    figures: dict[str, Any]
    """Times by stage, memory, dropped frames; empty where nothing was timed."""

    @property
    def failed(self) -> list[str]:
        """Names of the checks that did not pass."""
        return [check.name for check in self.checks if not check.passed]

    @property
    def message(self) -> SelftestMessage:
        """The report as a message of the stream."""
        return SelftestMessage(
            source="selftest",
            published_ns=self.published_ns,
            passed=not self.failed,
            model=self.model,
            board=self.board,
            governor=self.governor,
            temperature_c=self.temperature_c,
            checks=self.checks,
            figures=self.figures,
        )

    @property
    def lines(self) -> list[str]:
        """For people: the figures, then the checks."""
        return [*(self._table if self.figures else []), *(check.line for check in self.checks)]

    @property
    def _table(self) -> list[str]:
        tracked, live = self.figures["tracked"], self.figures["live"]
        elsewhere = self.figures["elsewhere"]
        return [
            f"{self.model} on {self.board}, governor {self.governor or 'unknown'}, demo 640x480, one face",
            f"tracked: {tracked['frames']} frames, each begun when the last was out",
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
