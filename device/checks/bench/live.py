"""The daemon at its camera's rate, in turns with the work itself: what the hand-over costs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from device.checks.selftest.timing import time_live, time_tracked, tracked_figures
from device.checks.timing import MESSAGE

ROUNDS = 3
FRAMES = 90
"""Frames of each round, after the warm-up."""
REST_SECONDS = 1 / 30
"""Before a frame, about as long as a camera's daemon waits for one."""


def measure_live(model: str, threads: int) -> dict[str, float]:
    """Medians from capture to message, milliseconds.

    `tracked`: one frame after the other, in this process. `rested`: the same, with a rest before each frame,
    so that caches are as cold as a camera's rate leaves them. `live`: at a daemon's reader. What live takes
    beyond rested is the hand-over between threads and processes.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used, or the daemon ended too soon.
    """
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "tracked": lambda: tracked_figures(time_tracked(model, threads, FRAMES)),
        "rested": lambda: tracked_figures(time_tracked(model, threads, FRAMES, rest_seconds=REST_SECONDS)),
        "live": lambda: time_live(model, threads, FRAMES),
    }
    medians = [
        {name: measure()["stages_ms"][MESSAGE]["p50"] for name, measure in ways.items()}
        for _ in range(ROUNDS)
    ]
    return {name: float(np.median([each[name] for each in medians])) for name in ways}
