"""Ten minutes in which camera, broker and accelerator fail in random order, and how the daemon copes.

    python -m tests.chaos.chaos --seconds 600 --seed 1 --out chaos.json

After every fault the stream must report the part's new state, then that it has recovered, and a good frame
must come within two seconds of the cause's end: on stdout after camera and accelerator, at a subscriber of
the broker after the broker.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tests.broker import Reader, running_broker
from tests.chaos.accelerator import Accelerator
from tests.chaos.camera import MjpegCamera, Mode, demo_jpegs
from tests.chaos.plan import Fault, draw_plan
from tests.chaos.subject import Received, Subject

RECOVERY_SECONDS = 2.0
"""From the end of a cause to the first good frame."""

RECOVERED_SECONDS = {"camera": 2.0, "broker": 2.0, "inference": 35.0}
"""From the end of a cause to the status that reports it. The CPU does the accelerator's work meanwhile, so
the daemon takes its time to start that one again: longer with each failure."""

NOTICE_SECONDS = {"unplugged": 1.0, "silent": 3.0, "rubbish": 3.0, "killed": 1.0, "crashed": 1.0, "hung": 4.0}
"""From the beginning of a cause to the status that reports it."""

MAX_GROWTH_MB = 10.0
START_SECONDS = 20.0
SETTLE_SECONDS = 5.0
"""Before the first fault: what is loaded late counts as start."""

TOPIC = "landmarks/chaos"


@dataclass(frozen=True)
class Outcome:
    """What came of one fault; seconds, None where it did not come in time."""

    part: str
    how: str
    lasted: float
    reported_after: float | None
    """From the beginning to the status that reports it."""
    recovered_after: float | None
    """From the end to the status that reports the recovery."""
    frame_after: float | None
    """From the end to the first good frame."""
    online_after: float | None = None
    """A broker's: from its return to the retained `online`."""

    @property
    def problems(self) -> list[str]:
        """In words; empty when the daemon recovered in time."""
        limits = {
            "reported": (self.reported_after, NOTICE_SECONDS[self.how]),
            "recovered": (self.recovered_after, RECOVERED_SECONDS[self.part]),
            "frame": (self.frame_after, RECOVERY_SECONDS),
        }
        if self.part == "broker":
            limits["online"] = (self.online_after, RECOVERY_SECONDS)
        return [
            f"{self.part} {self.how}: {name} after {took and round(took, 2)} s, limit {limit} s"
            for name, (took, limit) in limits.items()
            if took is None or took > limit
        ]


class Subscriber(Reader):
    """Keeps of a stream at a broker only when frames with a face and each `online` arrived."""

    def __init__(self, port: int) -> None:
        self.frames: list[float] = []
        self.online: list[float] = []
        super().__init__(port, f"{TOPIC}/#")

    def _on_message(self, _client, _data, message) -> None:
        if message.topic.endswith("/frames") and b'"landmarks"' in message.payload:
            self.frames.append(time.monotonic())
        elif message.topic.endswith("/status") and message.payload == b"online":
            self.online.append(time.monotonic())


def first_after(times: list[float], since: float, seconds: float) -> float | None:
    """The first of growing `times` after `since`, waited for `seconds` at most."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        place = len(times)
        while place and times[place - 1] >= since:
            place -= 1
        if place < len(times):
            return times[place]
        time.sleep(0.005)
    return None


class Chaos:
    """Everything that can fail, and the daemon between."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.camera = MjpegCamera(demo_jpegs())
        stack.callback(self.camera.unplug)
        self.broker = stack.enter_context(running_broker(folder))
        self.subscriber = Subscriber(self.broker.port)
        stack.callback(self.subscriber.close)
        self.accelerator = Accelerator(folder)
        flags = ["--source", self.camera.address, "--sink", f"mqtt://{self.broker.address}/chaos"]
        self.subject = Subject([*flags, *self.accelerator.flags], folder / "daemon.log")
        stack.callback(self.subject.process.kill)

    def _begin(self, fault: Fault) -> None:
        match fault.how:
            case "unplugged":
                self.camera.unplug()
            case "silent":
                self.camera.mode = Mode.SILENT
            case "rubbish":
                self.camera.mode = Mode.RUBBISH
            case "killed":
                self.broker.kill()
            case "crashed":
                self.accelerator.crash(self.subject)
            case "hung":
                self.accelerator.hang(self.subject)

    def _end(self, fault: Fault) -> None:
        match fault.how:
            case "unplugged":
                self.camera.plug_in()
            case "silent" | "rubbish":
                self.camera.mode = Mode.GOOD
            case "killed":
                self.broker.start()

    def run_fault(self, fault: Fault) -> Outcome:
        """One fault from its beginning until the daemon has recovered, or the time is over."""
        subject, begun = self.subject, time.monotonic()
        self._begin(fault)
        time.sleep(fault.seconds)
        # The broker's own start is part of what counts.
        ended = time.monotonic()
        self._end(fault)
        failed = subject.wait_for(
            lambda m: m.states.get(fault.part, "ok") != "ok", begun, NOTICE_SECONDS[fault.how]
        )
        since = max(ended, failed.at) if failed else ended
        recovered = subject.wait_for(
            lambda m: m.states.get(fault.part) == "ok", since, 2 * RECOVERED_SECONDS[fault.part]
        )
        online = None
        if fault.part == "broker":
            frame = first_after(self.subscriber.frames, ended, 2 * RECOVERY_SECONDS)
            online = first_after(self.subscriber.online, ended, 2 * RECOVERY_SECONDS)
        else:
            good = subject.wait_for(_good_frame(ended), ended, 2 * RECOVERY_SECONDS)
            frame = good and good.at
        return Outcome(
            fault.part,
            fault.how,
            ended - begun,
            failed and failed.at - begun,
            recovered and recovered.at - ended,
            frame and frame - ended,
            online and online - ended,
        )


def _good_frame(ended: float) -> Callable[[Received], bool]:
    return lambda message: message.kind == "frame" and message.faces > 0 and message.captured >= ended


def run_chaos(seconds: float, seed: int, folder: Path, report: Callable[[str], None]) -> dict[str, object]:
    """Faults for so many seconds; what came of each, what it cost, and every problem in words."""
    with ExitStack() as stack:
        chaos = Chaos(stack, folder)
        subject = chaos.subject
        started = subject.wait_for(lambda message: message.faces > 0, 0.0, START_SECONDS)
        assert started is not None, f"no face within {START_SECONDS} s: {(folder / 'daemon.log').read_text()}"
        time.sleep(SETTLE_SECONDS)
        begun, outcomes = time.monotonic(), []
        for fault in draw_plan(seconds, seed):
            time.sleep(max(begun + fault.at - time.monotonic(), 0))
            if not subject.alive:
                break
            outcomes.append(chaos.run_fault(fault))
            for problem in outcomes[-1].problems:
                report(f"{time.monotonic() - begun:6.1f} s  {problem}")
        time.sleep(max(begun + seconds - time.monotonic(), 0))
        lived = subject.alive
        memory = [held for at, held in subject.memory if at >= begun]
        code, errors = subject.stop()
    return figures_of(outcomes, memory, subject, lived=lived, code=code, errors=errors) | {
        "seconds": seconds,
        "seed": seed,
    }


def figures_of(
    outcomes: list[Outcome],
    memory: list[float],
    subject: Subject,
    *,
    lived: bool,
    code: int | None,
    errors: str,
) -> dict[str, object]:
    tenth = max(len(memory) // 10, 1)
    growth_mb = float(np.median(memory[-tenth:]) - np.median(memory[:tenth])) if memory else 0.0
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    if not lived or code != 0:
        problems.append(f"the daemon died (exit code {code}): {errors[-2000:]}")
    if "Traceback" in errors:
        problems.append(f"a traceback: {errors[-2000:]}")
    if growth_mb > MAX_GROWTH_MB:
        problems.append(f"memory grew by {growth_mb:.1f} MB, limit {MAX_GROWTH_MB} MB")
    return {
        "faults": Counter(f"{outcome.part} {outcome.how}" for outcome in outcomes),
        "reported_after": _worst(outcomes, "reported_after"),
        "recovered_after": _worst(outcomes, "recovered_after"),
        "frame_after": _worst(outcomes, "frame_after"),
        "frames": sum(message.kind == "frame" for message in subject.received),
        "memory_mb": {"first": memory[0], "last": memory[-1], "most": max(memory), "growth": growth_mb},
        "problems": problems,
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }


def _worst(outcomes: list[Outcome], name: str) -> dict[str, dict[str, float]]:
    """Median and worst seconds of each kind of fault."""
    kinds = sorted({f"{outcome.part} {outcome.how}" for outcome in outcomes})
    spreads = {}
    for kind in kinds:
        values = [
            getattr(o, name) for o in outcomes if f"{o.part} {o.how}" == kind and getattr(o, name) is not None
        ]
        spreads[kind] = {"median": float(np.median(values)), "worst": max(values)} if values else {}
    return spreads


def lines_of(figures: dict[str, object]) -> list[str]:
    """The outcome as a table."""
    rows = [
        f"{'fault':20} {'times':>5} {'reported s':>14} {'recovered s':>14} {'frame s':>14}  median / worst"
    ]
    for kind, times in figures["faults"].items():
        spreads = [
            figures[name].get(kind, {}) for name in ("reported_after", "recovered_after", "frame_after")
        ]
        cells = [f"{s['median']:6.2f} /{s['worst']:6.2f}" if s else f"{'never':>14}" for s in spreads]
        rows.append(f"{kind:20} {times:5d} {' '.join(cells)}")
    memory = figures["memory_mb"]
    rows.append(
        f"memory {memory['first']:.1f} -> {memory['last']:.1f} MB, growth {memory['growth']:.1f}, most "
        f"{memory['most']:.1f}; {figures['frames']} frames; {len(figures['problems'])} problem(s)"
    )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: 600)")
    parser.add_argument("--seed", type=int, default=1, help="of the order (default: 1)")
    parser.add_argument("--out", type=Path, help="keep every figure in this JSON file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run_chaos(
            arguments.seconds, arguments.seed, Path(folder), lambda line: print(line, flush=True)
        )
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n")
    print("\n".join(lines_of(figures)))
    for problem in figures["problems"]:
        print(f"PROBLEM {problem}")
    return 4 if figures["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
