"""Time of a tracked frame around the network, this checkout beside another one, in turns.

    git worktree add ../before COMMIT
    python -m tests.benchmarks.frames ../before

Each checkout follows the demo's face through a daemon in a process of its own, ten frames at a time while
the other one waits. Time is the processor's, of the thread that does the work: a busy machine takes turns
away, which does not count. A round compares the medians of its two blocks; the figure is the median of the
rounds' ratios, with the 95 % interval of a bootstrap over rounds.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[2]
ROUNDS = 60
WARM_ROUNDS = 6
BLOCK = 10
RESAMPLES = 2000

WORKER = """
import importlib, inspect, json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np

def first(*names):
    # Of these modules the one that the checkout has: another checkout may be installed, too.
    for name in names:
        path = Path(sys.argv[1], *name.split("."))
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return importlib.import_module(name)
    sys.exit(f"{sys.argv[1]} has none of the modules {names}")

timing = first("device.checks.timing", "device.selftest.timing")
rocking_frames = first("device.checks.bench.video", "device.video_bench").rocking_frames
LandmarkNetwork = first("device.inference.network", "device.inference").LandmarkNetwork
settings = first("device.settings")
find_model = first("device.inference.models", "device.settings").find_model
open_finder = first("device.finders.open", "device.finder").open_finder
Tracker = first("device.tracking.tracker", "device.tracker").Tracker
Daemon = first("device.daemon.loop", "device.daemon").Daemon
frame = first("device.sources.frame", "device.frame")
messages = first("device.messages.messages", "device.events")

class Timed:
    # The interpreter, with the time of each run.
    def __init__(self, interpreter):
        self._interpreter = interpreter

    def __getattr__(self, name):
        return getattr(self._interpreter, name)

    def invoke(self):
        begun_ns = time.thread_time_ns()
        self._interpreter.invoke()
        sink.network_ns += time.thread_time_ns() - begun_ns

class Blocks(frame.FrameSource):
    # A block of frames for each line on standard input.
    name, live = "demo", False

    def __iter__(self):
        frames, number = rocking_frames(), 0
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            sink.timed.clear()
            for _ in range(int(line)):
                # A copy: a camera has just written its frame, so that caches hold it.
                image = frames[number % len(frames)].copy()
                sink.network_ns, sink.begun_ns = 0, time.thread_time_ns()
                yield frame.Frame(image, number, time.monotonic_ns())
                number += 1
            print(json.dumps(sink.timed), flush=True)

    def close(self):
        pass

class TimingSink:
    condition = first("device.support.condition", "device.events").Condition()
    timed = []

    def publish(self, message, line):
        whole_ns = time.thread_time_ns() - self.begun_ns
        if isinstance(message, messages.FrameMessage) and message.timing_ms.find == 0:
            around_ns = whole_ns - self.network_ns
            spent = {"frame": whole_ns, "network": self.network_ns, "around the network": around_ns}
            self.timed.append({name: spent_ns / 1e6 for name, spent_ns in spent.items()})

    def close(self):
        pass

sink = TimingSink()
network = LandmarkNetwork(find_model(sys.argv[2]))
network._interpreter = Timed(network._interpreter)
tracker = Tracker(network, open_finder("trained:", 1))
connections = Path(sys.argv[1], "device/daemon/connections.py").is_file()
outputs = importlib.import_module("device.daemon.connections").Outputs.of(sink) if connections else [sink]
Daemon(Blocks(), tracker, outputs, network.manifest.identity, settings.DaemonSettings()).run()
"""

Times = dict[str, np.ndarray]
"""Milliseconds by stage of the frames of one block that were not searched."""


class Worker:
    """One checkout in a process of its own."""

    def __init__(self, checkout: Path, model: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(checkout.resolve()), model],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=checkout,
        )  # fmt: skip
        self._answer()

    def _answer(self) -> list[dict[str, float]]:
        line = self._process.stdout.readline()
        if not line:
            sys.exit("a checkout's process has died; what it said stands above")
        return json.loads(line)

    def run(self) -> Times:
        """One block."""
        print(BLOCK, file=self._process.stdin, flush=True)
        tracked = self._answer()
        return {name: np.array([spent[name] for spent in tracked]) for name in tracked[0]}

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def interval(ratios: np.ndarray) -> tuple[float, float, float]:
    """Median of the rounds' ratios, and the 95 % interval of a bootstrap over rounds."""
    drawn = np.random.default_rng(0).choice(ratios, (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return float(np.median(ratios)), float(low), float(high)


def compare(before: Path, model: str, rounds: int) -> None:
    workers = [Worker(checkout, model) for checkout in (before, HERE)]
    blocks = [[worker.run() for worker in workers] for _ in range(WARM_ROUNDS + rounds)][WARM_ROUNDS:]
    for worker in workers:
        worker.close()
    print(f"{'':20} {'before ms':>10} {'now ms':>10}   now / before")
    for name in blocks[0][0]:
        medians = np.array([[np.median(side[name]) for side in both] for both in blocks])
        old, new = np.median(medians, axis=0)
        middle, low, high = interval(medians[:, 1] / medians[:, 0])
        print(f"{name:20} {old:10.3f} {new:10.3f}   {middle:.2f} ({low:.2f} to {high:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("--model", default="small")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--cpu", type=int, help="keep both on this processor")
    arguments = parser.parse_args()
    if arguments.cpu is not None:
        os.sched_setaffinity(0, {arguments.cpu})
    compare(arguments.before, arguments.model, arguments.rounds)


if __name__ == "__main__":
    main()
