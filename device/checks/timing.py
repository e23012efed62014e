"""What the benchmarks share: calls timed in turns, and the daemon timed in this process or in its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from msgspec.structs import asdict

from device.daemon.connections import Outputs
from device.daemon.health import percentiles
from device.daemon.loop import Daemon
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages import messages as events
from device.settings import DaemonSettings
from device.sources.frame import FrameSource
from device.support.condition import Condition
from device.tracking.tracker import Tracker

ROUNDS = 40
BLOCK = 10
"""Calls in a row before the next one's turn: caches are warm, as they are in a stream."""

WARM_UP_CALLS = 20
"""Calls before anything counts. The first inference also packs the weights."""

MESSAGE = "message"
"""Name of the time from capture to the encoded message at the sink, beside the stages of `timing_ms`."""


def in_turns(calls: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, np.ndarray]:
    """Milliseconds of each call, (rounds * BLOCK,), the calls taking turns in blocks.

    Whatever else the machine does then falls on all alike: ratios can be trusted where milliseconds cannot.
    """
    return blocks_in_turns({name: timed(call) for name, call in calls.items()}, rounds)


Block = Callable[[int], list[float]]
"""So many calls in a row; the milliseconds of each."""


def timed(call: Callable[[], Any]) -> Block:
    """Blocks of a call of this process. Another process takes the time of its calls itself."""

    def run(count: int) -> list[float]:
        spent_ms = []
        for _ in range(count):
            begun = time.perf_counter_ns()
            call()
            spent_ms.append((time.perf_counter_ns() - begun) / 1e6)
        return spent_ms

    return run


Name = TypeVar("Name", bound=Hashable)


def blocks_in_turns(blocks: dict[Name, Block], rounds: int = ROUNDS) -> dict[Name, np.ndarray]:
    """The same of blocks that take their own time."""
    for run in blocks.values():
        run(WARM_UP_CALLS)
    spent: dict[Name, list[float]] = {name: [] for name in blocks}
    for _ in range(rounds):
        for name, run in blocks.items():
            spent[name] += run(BLOCK)
    return {name: np.array(values) for name, values in spent.items()}


def spread(values: Iterable[float]) -> dict[str, float]:
    """p50, p95 and p99 of some figures; empty for none."""
    found = percentiles(values)
    return {} if found is None else {name: getattr(found, name) for name in ("p50", "p95", "p99")}


def row(name: str, figures: dict[str, float]) -> str:
    """One line of a table of spreads."""
    return f"{name:36} " + " ".join(f"{figures[key]:8.3f}" for key in ("p50", "p95", "p99"))


HEADER = f"{'':36} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}"
"""Above rows of `row`."""


@dataclass(frozen=True)
class TimedFrame:
    """Times of one frame of the daemon."""

    sequence: int
    searched: bool
    """Whether the finder ran."""
    faces: tuple[Any, ...]
    """Boxes of the faces that were reported."""
    spent_ms: dict[str, float]
    """By stage, and from capture to MESSAGE."""


class TimingSink:
    """Notes when each frame's message arrived."""

    condition = Condition()

    def __init__(self) -> None:
        self.timed: list[TimedFrame] = []

    def publish(self, message: events.Message, line: bytes) -> None:  # noqa: ARG002 - only its time counts
        """Note a frame."""
        arrived_ns = time.monotonic_ns()
        if isinstance(message, events.FrameMessage):
            stages = asdict(message.timing_ms)
            spent_ms = {**stages, MESSAGE: (arrived_ns - message.captured_ns) / 1e6}
            boxes = tuple(face.box for face in message.faces)
            self.timed.append(TimedFrame(message.sequence, stages["find"] > 0, boxes, spent_ms))

    def close(self) -> None:
        """Nothing is held."""


def time_daemon(source: FrameSource, model: str, threads: int) -> list[TimedFrame]:
    """Every frame of a source through a daemon in this process.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used.
        MissingOutsideError: no TFLite runtime.
    """
    network = LandmarkNetwork(find_model(model), threads)
    tracker, sink = Tracker(network, open_finder(DEFAULT_FINDER, threads)), TimingSink()
    with Daemon(source, tracker, Outputs.of(sink), network.manifest.identity, DaemonSettings()) as daemon:
        daemon.run()
    return sink.timed


@dataclass(frozen=True)
class DaemonProcess:
    """A daemon on its demo in a process of its own."""

    pid: int
    frames: Iterator[tuple[int, dict[str, Any]]]
    """When each of its frame messages arrived, monotonic nanoseconds, and the message."""

    @property
    def peak_memory_mb(self) -> float:
        """The most memory that it has held so far, 10^6 bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        return peak_kb * 1024 / 1e6


@contextmanager
def demo_process(model: str, threads: int, frames: int) -> Iterator[DaemonProcess]:
    """Start `run` on the demo for so many frames, and end it on leaving."""
    options = ["--source", "demo:", "--model", model, "--threads", str(threads), "--frames", str(frames)]
    command = [sys.executable, "-m", "device", "run", "--sink", "stdout:", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        # The time of arrival is taken before the reader spends its own on decoding.
        arrived = ((time.monotonic_ns(), json.loads(line)) for line in child.stdout or ())
        yield DaemonProcess(child.pid, (item for item in arrived if item[1]["type"] == "frame"))
        child.terminate()
