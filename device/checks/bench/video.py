"""A whole tracked frame, capture to message, in turns with MediaPipe's FaceMesh video mode.

Both see the same frames, ten at a time: some of the demo's path forwards and backwards, so that nothing
jumps. MediaPipe gives its landmarks; ours are also filtered, described and encoded as a message.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.checks.selftest.timing import MESSAGE, TimingSink
from device.daemon.connections import Outputs
from device.daemon.loop import Daemon
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.settings import DaemonSettings
from device.sources.demo import DemoSource
from device.sources.demo_photo import load_photo
from device.sources.frame import Frame, FrameSource
from device.tracking.tracker import Tracker

BLOCK = 10
"""Frames before the other one's turn."""

ROUNDS = 40
WARM_ROUNDS = 6
"""Rounds that do not count."""

WORKER = Path(__file__).with_name("peer_worker.py")


def rocking_frames(count: int = 30) -> NDArray[np.uint8]:
    """(2 count - 2, 480, 640, 3) of the demo's second second, there and back."""
    demo = DemoSource(load_photo(), paced=False)
    there = [frame.image for frame in islice(demo, 30, 30 + count)]
    return np.stack([*there, *there[-2:0:-1]])


class VideoPeer:
    """MediaPipe in its own environment."""

    def __init__(self, python: Path, frames: Path) -> None:
        """Start it; the first block waits until it is loaded."""
        command = [str(python), str(WORKER), str(frames)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]

    def run(self, count: int) -> list[float]:
        """Milliseconds of the next frames."""
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait(10)


class TurnSource(FrameSource):
    """Frames in blocks; between two of them it is the other one's turn."""

    name, live = "demo", False

    def __init__(self, frames: NDArray[np.uint8], peer: VideoPeer | None) -> None:
        """Frames (N, H, W, 3), shown over and over."""
        self._frames, self._peer = frames, peer
        self.peer_ms: list[float] = []
        """Of every frame of the peer's."""

    def __iter__(self) -> Iterator[Frame]:
        """All rounds."""
        for number in range((WARM_ROUNDS + ROUNDS) * BLOCK):
            if number % BLOCK == 0 and self._peer is not None:
                self.peer_ms += self._peer.run(BLOCK)
            yield Frame(self._frames[number % len(self._frames)], number, time.monotonic_ns())

    def close(self) -> None:
        """Nothing is held."""


def measure_video(model: str, threads: int, peer_python: Path | None) -> dict[str, dict[str, float]]:
    """p50, p95 and p99 of a frame with one face, milliseconds, ours without and with search, and the peer's.

    Raises:
        UsageError: an unknown model.
        BadInputError: model or manifest damaged.
    """
    frames = rocking_frames()
    with ExitStack() as stack:
        peer = None
        if peer_python is not None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            np.save(folder / "frames.npy", frames)
            peer = VideoPeer(peer_python, folder / "frames.npy")
            stack.callback(peer.close)
        network = LandmarkNetwork(find_model(model), threads)
        source, sink = TurnSource(frames, peer), TimingSink()
        tracker = Tracker(network, open_finder(DEFAULT_FINDER, threads))
        with Daemon(source, tracker, Outputs.of(sink), network.manifest.identity, DaemonSettings()) as daemon:
            daemon.run()
    timed = [one for one in sink.timed[WARM_ROUNDS * BLOCK :] if one.faces == 1]
    spent = {
        "tracked frame, capture to message": [one.spent_ms[MESSAGE] for one in timed if not one.searched],
        "the same with searching frames": [one.spent_ms[MESSAGE] for one in timed],
        "mediapipe video mode": source.peer_ms[WARM_ROUNDS * BLOCK :],
    }
    return {
        name: {f"p{share}": float(np.percentile(values, share)) for share in (50, 95, 99)}
        for name, values in spent.items()
        if values
    }
