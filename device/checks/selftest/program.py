"""`landmarks selftest`: measure, compare with what is expected, report."""

import argparse
import time
from dataclasses import dataclass
from typing import Any

from device.checks.selftest.check import Check
from device.checks.selftest.golden import check_golden
from device.checks.selftest.report import BUSY, failed_checks, lines_of
from device.checks.selftest.timing import time_live, time_tracked, tracked_figures, unfollowed_fraction
from device.checks.timing import MESSAGE
from device.contract.errors import GateError
from device.contract.exit_codes import ExitCode
from device.contract.manifest import ModelManifest, read_model_manifest
from device.finders.trained import SHIPPED as FINDER
from device.inference.models import find_model
from device.messages.messages import encode
from device.messages.selftest import SelftestMessage
from device.sinks import open_sink
from device.support import machine
from device.support.processor import read_processor


@dataclass(frozen=True)
class Budget:
    """What a frame may cost."""

    message_ms: float
    """Median from capture to message of a tracked frame."""
    spread: float | None
    """Its 99th percentile over its median; None: not checked."""
    memory_mb: float
    """The most that the daemon may hold, 10^6 bytes."""
    dropped: float = 0.01
    """Fraction of live frames."""
    unfollowed: float = 0.01
    """Fraction of the demo's frames with the face in view."""


QUICK_FRAMES, QUICK_WARM_UP = 24, 2
"""Of `--quick`: enough to lose the face through one wrong landmark, and short on an emulated processor."""


def check_budget(budget: Budget, figures: dict[str, Any]) -> list[Check]:
    """The figures against the budget."""
    message, live = figures["tracked"]["stages_ms"][MESSAGE], figures["live"]
    slow = "take a smaller model or frame, or see `landmarks doctor`"
    if figures["elsewhere"] > BUSY:
        slow = f"{figures['elsewhere']:.0%} of the time went to other programs: end them and run it again"
    checks = [
        _at_most("capture to message, p50 ms", message["p50"], budget.message_ms, slow),
        _at_most("memory, MB", live["peak_memory_mb"], budget.memory_mb, "report it: the daemon grew"),
        _at_most("dropped, fraction of live frames", live["dropped"] / live["frames"], budget.dropped, slow),
        check_followed(figures["unfollowed"], budget.unfollowed),
    ]
    if budget.spread is not None:
        ratio = message["p99"] / message["p50"]
        checks.insert(1, _at_most("capture to message, p99 / p50", ratio, budget.spread, slow))
    return checks


def check_followed(unfollowed: float, limit: float) -> Check:
    """The fraction of frames in which the face was not followed."""
    return _at_most(
        "face not followed, fraction of frames", unfollowed, limit, "check it with `make evaluate`"
    )


def _at_most(name: str, got: float, wanted: float, remedy: str) -> Check:
    passed = got <= wanted
    return Check(name, passed, f"{got:.3g}", f"at most {wanted:.3g}", "" if passed else remedy)


def measure(model: str, threads: int, frames: int) -> dict[str, Any]:
    """All figures.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used, or the daemon did not get through its demo.
        MissingOutsideError: no runtime, or the demo's picture is damaged.
    """
    begun, worked = time.perf_counter(), time.process_time()
    timed = time_tracked(model, threads, frames)
    # The work is done by one thread: whatever it did not compute, it waited for the processor.
    elsewhere = max(1 - (time.process_time() - worked) / (time.perf_counter() - begun), 0.0)
    return {
        "threads": threads,
        "elsewhere": elsewhere,
        "unfollowed": unfollowed_fraction(timed),
        "tracked": tracked_figures(timed),
        "live": time_live(model, threads, frames),
    }


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, publish.

    Raises:
        GateError: a check did not pass.
        LandmarksError: a model, the runtime or the sink cannot be used.
    """
    model = find_model(arguments.model)
    checks = [*check_golden(model), *check_golden(FINDER)]
    figures: dict[str, Any] = {}
    if arguments.quick:
        timed = time_tracked(arguments.model, arguments.threads, QUICK_FRAMES, QUICK_WARM_UP)
        checks.append(check_followed(unfollowed_fraction(timed), 0.0))
    else:
        figures = measure(arguments.model, arguments.threads, arguments.frames)
        budget = Budget(arguments.budget, arguments.spread, arguments.memory, arguments.dropped)
        checks += check_budget(budget, figures)
    report = _report(read_model_manifest(model), checks, figures)
    line = encode(report)
    print(line.decode().rstrip() if arguments.json else "\n".join(lines_of(report)))
    if arguments.publish is not None:
        sink = open_sink(arguments.publish)
        sink.publish(report, line)
        sink.close()
    if failed := failed_checks(report):
        raise GateError(f"self-test failed: {', '.join(failed)}; each line above has its remedy")
    return int(ExitCode.DONE)


def _report(manifest: ModelManifest, checks: list[Check], figures: dict[str, Any]) -> SelftestMessage:
    return SelftestMessage(
        source="selftest",
        published_ns=time.monotonic_ns(),
        passed=all(check.passed for check in checks),
        model=manifest.identity,
        processor=str(read_processor()),
        board=machine.board_name(),
        governor=machine.governor(),
        temperature_c=machine.temperature_c(),
        checks=checks,
        figures=figures,
    )
