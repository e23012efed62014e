"""`python -m device selftest`: measure, compare, tell."""

import argparse
import time
from dataclasses import dataclass
from typing import Any

from device.checks.selftest import reference
from device.checks.selftest.check import Check
from device.checks.selftest.golden import check_golden
from device.checks.selftest.report import BUSY, SelftestReport
from device.checks.selftest.timing import (
    MESSAGE,
    Timed,
    time_live,
    time_tracked,
    tracked_figures,
    unfollowed_share,
)
from device.contract.errors import GateError
from device.contract.exit_codes import ExitCode
from device.contract.manifest import ModelManifest, read_model_manifest
from device.finders.trained import SHIPPED as FINDER
from device.inference.models import find_model
from device.messages.messages import encode
from device.sinks import open_sink
from device.support import machine


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
    """Share of live frames."""
    unfollowed: float = 0.01
    """Share of the demo's frames with the face in view."""


QUICK_FRAMES, QUICK_WARM_UP = 24, 2
"""Of `--quick`: enough for one wrong landmark to lose the face, and short on a processor that is emulated."""


def check_budget(budget: Budget, figures: dict[str, Any]) -> list[Check]:
    """The figures against what they may be."""
    message, live = figures["tracked"]["stages_ms"][MESSAGE], figures["live"]
    slow = "a smaller model or frame, or see `python -m device doctor`"
    if figures["elsewhere"] > BUSY:
        slow = f"{figures['elsewhere']:.0%} of the time went to other programs: end them and run it again"
    checks = [
        _at_most("capture to message, p50 ms", message["p50"], budget.message_ms, slow),
        _at_most("memory, MB", live["peak_memory_mb"], budget.memory_mb, "report it: the daemon grew"),
        _at_most("dropped, share of live frames", live["dropped"] / live["frames"], budget.dropped, slow),
        check_followed(figures["unfollowed"], budget.unfollowed),
    ]
    if budget.spread is not None:
        ratio = message["p99"] / message["p50"]
        checks.insert(1, _at_most("capture to message, p99 / p50", ratio, budget.spread, slow))
    return checks


def check_followed(unfollowed: float, most: float) -> Check:
    """The share of frames without the face that is in them."""
    return _at_most("face not followed, share of frames", unfollowed, most, "check it with `make evaluate`")


def _at_most(name: str, got: float, wanted: float, remedy: str) -> Check:
    passed = got <= wanted
    return Check(name, passed, f"{got:.3g}", f"at most {wanted:.3g}", "" if passed else remedy)


def measure(model: str, threads: int, frames: int) -> dict[str, Any]:
    """All figures.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used, or the daemon did not get through its demo.
        MissingOutsideError: no runtime, or no demo photograph.
    """
    begun, worked = time.perf_counter(), time.process_time()
    timed: list[Timed] = time_tracked(model, threads, frames)
    # Of one thread: what it did not work it waited for the processor.
    elsewhere = max(1 - (time.process_time() - worked) / (time.perf_counter() - begun), 0.0)
    return {
        "threads": threads,
        "elsewhere": elsewhere,
        "unfollowed": unfollowed_share(timed),
        "tracked": tracked_figures(timed),
        "live": time_live(model, threads, frames),
    }


def run_selftest(arguments: argparse.Namespace) -> int:
    """Measure, print, publish.

    Raises:
        GateError: a check did not pass.
    """
    model = find_model(arguments.model)
    manifest = read_model_manifest(model)
    checks = [*check_golden(model), *check_golden(FINDER)]
    if arguments.quick:
        timed = time_tracked(arguments.model, arguments.threads, QUICK_FRAMES, QUICK_WARM_UP)
        checks.append(check_followed(unfollowed_share(timed, QUICK_WARM_UP), 0.0))
        return tell(_report(manifest, checks, {}), as_json=arguments.json, publish=arguments.publish)
    figures = measure(arguments.model, arguments.threads, arguments.frames)
    medians_ms = {name: spread["p50"] for name, spread in figures["tracked"]["stages_ms"].items()}
    budget = Budget(arguments.budget, arguments.spread, arguments.memory, arguments.dropped)
    checks += check_budget(budget, figures)
    folder, threads = arguments.reference or reference.SHIPPED, arguments.threads
    if arguments.write_reference:
        board, governor = machine.board_name(), machine.governor() or ""
        kept = reference.Reference(board, manifest.name, threads, governor, medians_ms)
        checks.append(Check("reference written", True, str(reference.write_reference(kept, folder)), ""))
    else:
        checks += reference.check_reference(folder, manifest.name, threads, medians_ms)
    return tell(_report(manifest, checks, figures), as_json=arguments.json, publish=arguments.publish)


def _report(manifest: ModelManifest, checks: list[Check], figures: dict[str, Any]) -> SelftestReport:
    return SelftestReport(
        published_ns=time.monotonic_ns(),
        model=manifest.identity,
        board=machine.board_name(),
        governor=machine.governor(),
        temperature_c=machine.temperature_c(),
        checks=checks,
        figures=figures,
    )


def tell(report: SelftestReport, *, as_json: bool, publish: str | None) -> int:
    """Print the report, send it where it was asked for, and fail if it failed.

    Raises:
        GateError: a check did not pass.
        UsageError: an unknown sink.
    """
    print(encode(report.message).decode().rstrip() if as_json else "\n".join(report.lines))
    if publish is not None:
        sink = open_sink(publish)
        sink.publish(report.message, encode(report.message))
        sink.close()
    if report.failed:
        raise GateError(f"self-test failed: {', '.join(report.failed)}; each line above says what to do")
    return int(ExitCode.DONE)
