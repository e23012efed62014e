"""`make fuzz`: mutated files to every reader; no traceback, no crash, nothing over 400 MB.

Each target runs in a process of its own for its part of the time. An input that did harm is kept in --out.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.fuzz.targets import TARGETS

MAX_MEMORY_MB = 400
ENDLESS = 10**6
"""Batches: more than any time holds."""

GRACE_SECONDS = 120
"""For starting a target, and for one input that hangs."""


ERROR = re.compile(r"[\w.]*(Error|Exception|Exit|Interrupt)\b")
"""Begins the last line of a traceback."""


@dataclass(frozen=True)
class Outcome:
    """What became of one target."""

    name: str
    inputs: int
    refused: int
    memory_mb: float
    problem: str
    """Empty where nothing was wrong."""

    def __str__(self) -> str:
        state = f"PROBLEM: {self.problem}" if self.problem else "ok"
        figures = f"{self.inputs:7} inputs {self.refused:7} refused {self.memory_mb:6.0f} MB"
        return f"{self.name:22} {figures}  {state}"


def run_target(name: str, seed: int, seconds: float, out: Path, batches: int = ENDLESS) -> Outcome:
    """Fuzz one target in a child process, for a time or for a number of batches."""
    with tempfile.TemporaryDirectory() as folder:
        limits = [str(seed), str(seconds), str(batches)]
        command = [sys.executable, "-m", "tests.fuzz.child", name, *limits, folder]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=seconds + GRACE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(name, 0, 0, 0, f"an input hangs; kept in {keep(folder, out, name)}")
        if done.returncode:
            return Outcome(name, 0, 0, 0, f"{cause_of(done)}; kept in {keep(folder, out, name)}")
    figures = json.loads(done.stdout.splitlines()[-1])
    heavy = figures["memory_mb"] > MAX_MEMORY_MB
    problem = f"took {figures['memory_mb']:.0f} MB" if heavy else ""
    return Outcome(name, figures["inputs"], figures["refused"], figures["memory_mb"], problem)


def cause_of(done: "subprocess.CompletedProcess[str]") -> str:
    """The error of a child's traceback, or the signal that ended it."""
    if done.returncode < 0:
        return f"signal {-done.returncode}"
    errors = [line for line in done.stderr.splitlines() if ERROR.match(line)]
    return errors[-1][:300] if errors else f"exit code {done.returncode}"


def keep(folder: str, out: Path, name: str) -> Path:
    """Keep the input that did harm, with what lies beside it."""
    kept = out / name.replace(" ", "-").strip(".")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    return kept


def fuzz(seconds: float, seed: int, out: Path, names: list[str]) -> list[Outcome]:
    """Every target for its part of the time, one after the other."""
    outcomes = []
    for name in names:
        outcomes.append(run_target(name, seed, seconds / len(names), out))
        print(outcomes[-1], flush=True)
    return outcomes


def main() -> int:
    """Fuzz and report; 4 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="for all targets together (default: 600)")
    parser.add_argument("--seed", type=int, default=1, help="of the mutations (default: 1)")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "fuzz", help="where inputs are kept")
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="only this one")
    options = parser.parse_args()
    outcomes = fuzz(options.seconds, options.seed, options.out, options.target or list(TARGETS))
    problems = sum(bool(outcome.problem) for outcome in outcomes)
    print(f"{sum(outcome.inputs for outcome in outcomes)} inputs, {problems} problem(s)")
    return 4 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
