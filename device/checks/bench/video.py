"""A whole tracked frame, capture to message, in turns with MediaPipe's FaceMesh in its video mode.

Both see the same frames, ten at a time: some of the demo's path forwards and backwards, so that nothing
jumps. MediaPipe returns landmarks; ours are also filtered, described and encoded as a message.
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

from device.checks.timing import BLOCK, MESSAGE, ROUNDS, spread, time_daemon
from device.sources.demo import DemoSource
from device.sources.demo_picture import demo_picture
from device.sources.frame import Frame, FrameSource

WARM_ROUNDS = 6
"""Rounds that do not count."""

FIRST_FRAME = 30
"""Of the demo's path: the face is in view, and moves."""

WORKER = Path(__file__).with_name("peer_worker.py")


def rocking_frames(count: int = 30) -> NDArray[np.uint8]:
    """(2 count - 2, 480, 640, 3) frames of the demo, forwards and backwards."""
    demo = DemoSource(demo_picture(), paced=False)
    there = [frame.image for frame in islice(demo, FIRST_FRAME, FIRST_FRAME + count)]
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
        """End the process."""
        self._process.stdin.close()
        self._process.wait(10)


class TurnSource(FrameSource):
    """Frames in blocks; between two blocks it is the peer's turn."""

    name, live = "demo", False

    def __init__(self, frames: NDArray[np.uint8], peer: VideoPeer | None, rounds: int = ROUNDS) -> None:
        self._frames, self._peer, self._rounds = frames, peer, rounds
        self.peer_ms: list[float] = []
        """The peer's time for every frame."""

    def __iter__(self) -> Iterator[Frame]:
        """All rounds."""
        for number in range((WARM_ROUNDS + self._rounds) * BLOCK):
            if number % BLOCK == 0 and self._peer is not None:
                self.peer_ms += self._peer.run(BLOCK)
            yield Frame(self._frames[number % len(self._frames)], number, time.monotonic_ns())

    def close(self) -> None:
        """Nothing is held."""


def measure_video(
    model: str, threads: int, peer_python: Path | None, rounds: int = ROUNDS
) -> dict[str, dict[str, float]]:
    """p50, p95 and p99 of a frame with one face, milliseconds: ours without and with search, and the peer's.

    Args:
        model: name or file of ours.
        threads: of its interpreter.
        peer_python: interpreter that has MediaPipe; None: ours alone.
        rounds: turns that count, of ten frames each.

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
        source = TurnSource(frames, peer, rounds)
        timed = time_daemon(source, model, threads)
    counted = [frame for frame in timed[WARM_ROUNDS * BLOCK :] if len(frame.faces) == 1]
    spent = {
        "tracked frame, capture to message": [one.spent_ms[MESSAGE] for one in counted if not one.searched],
        "the same with searching frames": [one.spent_ms[MESSAGE] for one in counted],
        "mediapipe video mode": source.peer_ms[WARM_ROUNDS * BLOCK :],
    }
    return {name: spread(values) for name, values in spent.items() if values}
