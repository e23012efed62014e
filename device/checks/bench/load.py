"""What more faces, larger frames and a second daemon cost, as a table.

Rows of one kind are timed in turns, so that each may be compared with the first.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count

import cv2
import numpy as np

from device.checks.timing import in_turns
from device.checks.tracking.crowd import following_calls
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.sources.demo import DemoOptions, DemoSource
from device.sources.demo_photo import load_photo
from device.tracking.tracker import Tracker

SIZES_WH = (640, 480), (1280, 720), (1920, 1080), (3840, 2160)
"""Frames, pixels."""

WORK_SECONDS = 5.0
"""How long each daemon works in the comparison of one with two."""

ROUNDS = 5
"""Turns of ten calls each."""

FPS = 30
"""Rate at which frames seem to come."""

WORK = "import sys; from device.checks.bench.load import work; work(sys.argv[1], int(sys.argv[2]))"


def tracked_call(model: str, threads: int, size_wh: tuple[int, int]) -> Callable[[], object]:
    """A call that follows the demo's face through the next of two frames of a size."""
    demo = iter(DemoSource(load_photo(), DemoOptions(size=size_wh), paced=False))
    frames = [next(demo).image, next(demo).image]
    tracker, numbers = (
        Tracker(LandmarkNetwork(find_model(model), threads), open_finder(DEFAULT_FINDER)),
        count(),
    )

    def track() -> None:
        number = next(numbers)
        tracker.track(frames[number % 2], round(number * 1e9 / FPS))

    return track


def work(model: str, threads: int) -> None:
    """Follow the demo's face for a while, and print the frames a second: one of several daemons."""
    # As each daemon of several on one machine is set up: OpenCV's own threads would only get in the way.
    cv2.setNumThreads(1)
    track = tracked_call(model, threads, SIZES_WH[0])
    for _ in range(FPS):
        track()
    print(flush=True)
    sys.stdin.readline()
    begun, done = time.monotonic(), 0
    while time.monotonic() - begun < WORK_SECONDS:
        track()
        done += 1
    print(done / WORK_SECONDS, flush=True)


def frames_a_second(model: str, threads: int, daemons: int) -> list[float]:
    """Frames a second of so many daemons that work at once, each as fast as it can."""
    command = [sys.executable, "-c", WORK, model, str(threads)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    workers = [subprocess.Popen(command, text=True, **pipes) for _ in range(daemons)]  # type: ignore[call-overload]
    for worker in workers:
        worker.stdout.readline()
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    return [float(worker.communicate()[0]) for worker in workers]


def load_table(model: str, threads: int) -> str:
    """Markdown: the cost of faces, sizes and daemons.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used.
    """
    network = LandmarkNetwork(find_model(model), threads)
    width, height = network.manifest.crop.size_wh
    crop = np.zeros((height, width, 3), np.uint8)
    faces = in_turns({"the network alone": lambda: network.infer(crop), **following_calls(network)}, ROUNDS)
    sizes = in_turns(
        {f"{w}x{h}, 1 followed": tracked_call(model, threads, (w, h)) for w, h in SIZES_WH}, ROUNDS
    )
    one, *two = *frames_a_second(model, threads, 1), *frames_a_second(model, threads, 2)
    rows = [(name, float(np.median(spent))) for name, spent in {**faces, **sizes}.items()]
    return "\n".join(
        [
            f"| {network.manifest.identity} | ms, median | of the network alone |",
            "| --- | --- | --- |",
            *(f"| {name} | {spent:.2f} | {spent / rows[0][1]:.2f} |" for name, spent in rows),
            "",
            "| daemons at once | frames a second each | of one alone |",
            "| --- | --- | --- |",
            f"| 1 | {one:.0f} | 1.00 |",
            *(
                f"| 2, number {number} | {each:.0f} | {each / one:.2f} |"
                for number, each in enumerate(two, 1)
            ),
        ]
    )
