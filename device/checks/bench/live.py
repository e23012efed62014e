"""The daemon at its camera's rate, in turns with the work itself: what the hand-over costs."""

import numpy as np

from device.checks.selftest.timing import time_live, time_tracked, tracked_figures
from device.checks.timing import MESSAGE

ROUNDS = 3
FRAMES = 90
"""Frames of each round, after the warm-up."""


def measure_live(model: str, threads: int) -> dict[str, float]:
    """Medians from capture to message, milliseconds: `tracked` in this process, `live` at a daemon's reader.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used, or the daemon ended too soon.
    """
    tracked, live = [], []
    for _ in range(ROUNDS):
        tracked.append(tracked_figures(time_tracked(model, threads, FRAMES))["stages_ms"][MESSAGE]["p50"])
        live.append(time_live(model, threads, FRAMES)["stages_ms"][MESSAGE]["p50"])
    return {"tracked": float(np.median(tracked)), "live": float(np.median(live))}
