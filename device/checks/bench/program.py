"""`landmarks bench`: how long everything takes here, and how that compares with MediaPipe."""

import argparse
import json
import time
from typing import Any

from device.checks.bench.live import measure_live
from device.checks.bench.load import load_table
from device.checks.bench.peer import find_peer_python
from device.checks.bench.stages import measure_stages
from device.checks.bench.video import measure_video
from device.checks.timing import HEADER, demo_process, row
from device.contract.errors import BadInputError
from device.contract.exit_codes import ExitCode

START_FRAMES = 100
"""Frames after which the daemon's memory is read."""


def measure_start(model: str, threads: int) -> dict[str, float]:
    """Seconds from starting the daemon to its first frame with a face, and the most memory it then holds.

    Raises:
        BadInputError: the daemon did not get that far.
    """
    begun, first_s, peak_mb = time.monotonic(), None, 0.0
    with demo_process(model, threads, START_FRAMES + 50) as daemon:
        for arrived_ns, message in daemon.frames:
            if first_s is None and message["faces"]:
                first_s = arrived_ns / 1e9 - begun
            if message["sequence"] >= START_FRAMES:
                peak_mb = daemon.peak_memory_mb
                break
    if first_s is None:
        raise BadInputError("the daemon found no face in its own demo; check the model with `make evaluate`")
    return {"first_landmarks_s": first_s, "peak_memory_mb": peak_mb}


def lines_of(figures: dict[str, Any]) -> list[str]:
    """The figures as text."""
    start, live = figures["start"], figures["live_ms"]
    return [
        f"{figures['model']}, {figures['threads']} thread(s), {figures['processor']}, 640x480, one face",
        HEADER,
        *(row(name, values) for name, values in figures["stages_ms"].items()),
        f"each further face: {figures['further_face_ms']:.3f} ms",
        "video, in turns:",
        *(row(name, values) for name, values in figures["video_ms"].items()),
        f"capture to message, at once: {live['tracked']:.3f} ms",
        f"the same, after a rest of a camera's period: {live['rested']:.3f} ms",
        f"the same, live, at a reader: {live['live']:.3f} ms",
        f"start to first landmarks: {start['first_landmarks_s']:.2f} s",
        f"peak memory: {start['peak_memory_mb']:.0f} MB",
        "ratios:",
        *(f"{name:60} {ratio:.2f}" for name, ratio in figures["ratios"].items()),
    ]


def ratios_of(figures: dict[str, Any]) -> dict[str, float]:
    """What can be compared across machines of one class; MediaPipe's only where it is at hand."""
    video = {name: spent["p50"] for name, spent in figures["video_ms"].items()}
    live, network_ms = figures["live_ms"], figures["stages_ms"]["network"]["p50"]
    ratios = {f"{name} to MediaPipe's": ratio for name, ratio in figures["ratio_to_mediapipe"].items()}
    if "mediapipe video mode" in video:
        ratios["tracked frame with its message to FaceMesh's video mode"] = (
            video["tracked frame, capture to message"] / video["mediapipe video mode"]
        )
    ratios["a further face to the network"] = figures["further_face_ms"] / network_ms
    ratios["live to tracked"] = live["live"] / live["tracked"]
    ratios["live to tracked after a rest"] = live["live"] / live["rested"]
    return ratios


def run(arguments: argparse.Namespace) -> int:
    """Measure everything and print it.

    Raises:
        UsageError: an unknown model.
        BadInputError: model or manifest damaged.
        MissingOutsideError: no TFLite runtime, or no such file of MediaPipe's.
    """
    model, threads = arguments.model, arguments.threads
    if arguments.load:
        print(load_table(model, threads))
        return int(ExitCode.DONE)
    figures = {
        **measure_stages(model, threads, arguments.mediapipe),
        "video_ms": measure_video(model, threads, find_peer_python()),
        "live_ms": measure_live(model, threads),
        "start": measure_start(model, threads),
    }
    figures["ratios"] = ratios_of(figures)
    print(json.dumps(figures) if arguments.json else "\n".join(lines_of(figures)))
    return int(ExitCode.DONE)
