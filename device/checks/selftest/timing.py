"""How long a frame takes from capture to message, on the demo's path with one face.

Two measurements answer two questions. *Tracked*: the daemon in this process; each frame is drawn before its
clock starts, and the next begins when the last is out. This is the cost of the work itself. *Live*: the
daemon as a user runs it, in a process of its own at the camera's rate. This is what a reader gets, with the
hand-over between threads, idle clocks and cold caches, and it shows whether frames are dropped.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from device.checks.timing import MESSAGE, TimedFrame, demo_process, spread, time_daemon
from device.contract.errors import BadInputError
from device.contract.geometry import Box
from device.sources.demo import DemoSource
from device.sources.demo_path import FACE_BOX, ROUND_SECONDS, WANDER_SECONDS, DemoPath
from device.sources.demo_picture import demo_picture
from device.sources.frame import Frame, FrameSource

WARM_UP = 60
"""Frames before anything counts: two seconds of the demo."""

MIN_IOU = 0.4
"""IoU of a face's box with the demo's own box, which is the larger one while the face is tilted."""


class RenderedDemo(FrameSource):
    """The demo's frames as fast as they are taken or after a rest, each stamped when it is handed over."""

    name, live = "demo", False

    def __init__(self, frames: int, rest_seconds: float = 0.0) -> None:
        self._demo = DemoSource(demo_picture(), paced=False)
        self._frames, self._rest_seconds = frames, rest_seconds

    def __iter__(self) -> Iterator[Frame]:
        """Every frame in turn."""
        for frame in islice(self._demo, self._frames):
            time.sleep(self._rest_seconds)
            yield Frame(frame.image, frame.sequence, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration."""
        self._demo.close()


def time_tracked(
    model: str, threads: int, frames: int, warm_up: int = WARM_UP, rest_seconds: float = 0.0
) -> list[TimedFrame]:
    """Frames of the demo through a daemon in this process, without those of the warm-up.

    Args:
        model: a shipped one's name, or a .tflite file.
        threads: of the interpreter.
        frames: that count.
        warm_up: frames before them.
        rest_seconds: between two frames.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used.
        MissingOutsideError: no runtime, or the demo's picture is damaged.
    """
    return time_daemon(RenderedDemo(warm_up + frames, rest_seconds), model, threads)[warm_up:]


def faces_in_place(frame: TimedFrame) -> int:
    """How many of a frame's faces lie where the demo has its face; those of a broken model lie anywhere."""
    corners = np.array(
        [(x, y) for x in (FACE_BOX.x_min, FACE_BOX.x_max) for y in (FACE_BOX.y_min, FACE_BOX.y_max)]
    )
    truth = Box.around(DemoPath().photo_to_frame(frame.sequence).frame_to_crop(corners))
    return sum(box.iou(truth) >= MIN_IOU for box in frame.faces)


def spread_by_stage(timed: Sequence[TimedFrame]) -> dict[str, dict[str, float]]:
    """p50, p95 and p99 of every stage, milliseconds."""
    names = timed[0].spent_ms if timed else {}
    return {name: spread(frame.spent_ms[name] for frame in timed) for name in names}


def tracked_figures(timed: Sequence[TimedFrame]) -> dict[str, Any]:
    """Figures of frames that follow one face, without and with those that also search for others.

    Raises:
        BadInputError: the model followed no face at all.
    """
    one_face = [frame for frame in timed if faces_in_place(frame) == 1]
    followed = [frame for frame in one_face if not frame.searched]
    if not followed:
        raise BadInputError("no face was followed in the demo; check the model with `make evaluate`")
    return {
        "frames": len(followed),
        "warm_up": WARM_UP,
        "stages_ms": spread_by_stage(followed),
        "with_search": {"frames": len(one_face), "message_ms": spread_by_stage(one_face)[MESSAGE]},
    }


def time_live(model: str, threads: int, frames: int) -> dict[str, Any]:
    """Figures of the daemon in a process of its own on `demo:`, at 30 frames a second.

    Raises:
        BadInputError: it ended before its frames were done.
    """
    peak_mb = 0.0
    with demo_process(model, threads, WARM_UP + frames + 1) as daemon:
        messages = islice(daemon.frames, WARM_UP + frames)
        arrived = [((at_ns - message["captured_ns"]) / 1e6, message) for at_ns, message in messages]
        if len(arrived) == WARM_UP + frames:
            peak_mb = daemon.peak_memory_mb
    if len(arrived) < WARM_UP + frames:
        raise BadInputError(f"the daemon ended after {len(arrived)} frames of its demo; see `make run`")
    return live_figures(arrived[WARM_UP:]) | {"peak_memory_mb": peak_mb}


def live_figures(arrived: Sequence[tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    """Latency at the reader by stage, and dropped frames, of (milliseconds from capture, message)."""
    messages = [message for _, message in arrived]
    stages = [{**message["timing_ms"], MESSAGE: spent_ms} for spent_ms, message in arrived]
    sequences = [message["sequence"] for message in messages]
    span_s = (messages[-1]["captured_ns"] - messages[0]["captured_ns"]) / 1e9
    return {
        "frames": len(arrived),
        "warm_up": WARM_UP,
        "stages_ms": {name: spread(stage[name] for stage in stages) for name in stages[0]},
        "dropped": sequences[-1] - sequences[0] + 1 - len(sequences),
        "fps": (len(arrived) - 1) / span_s,
    }


def unfollowed_fraction(timed: Sequence[TimedFrame]) -> float:
    """Fraction of the demo's frames with the face in view in which it was not followed."""
    path = DemoPath()
    # While the camera wanders the face stays in view; then it leaves.
    seen = [frame for frame in timed if frame.sequence / path.fps % ROUND_SECONDS < WANDER_SECONDS]
    return sum(faces_in_place(frame) != 1 for frame in seen) / len(seen) if seen else 0.0
