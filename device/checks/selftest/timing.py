"""How long a frame takes from capture to message, on the demo's path with one face.

Two measurements, because they answer two questions. *Tracked*: the daemon in this process, each frame
drawn before its clock starts and the next one begun when the last is out: what the work itself costs.
*Live*: the daemon as a user runs it, a process of its own at the camera's rate: what a reader gets, with
the hand-over between threads, idle clocks and cold caches in it, and whether frames are dropped.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import asdict

from device.contract.errors import BadInputError
from device.contract.geometry import Box
from device.daemon.connections import Outputs
from device.daemon.health import percentiles
from device.daemon.loop import Daemon
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages import messages as events
from device.settings import DaemonSettings
from device.sources.demo import DemoSource
from device.sources.demo_path import FACE_BOX, ROUND_SECONDS, WANDER_SECONDS, DemoPath
from device.sources.demo_photo import load_photo
from device.sources.frame import Frame, FrameSource
from device.support.condition import Condition
from device.tracking.tracker import Tracker

WARM_UP = 60
"""Frames before anything counts: two seconds of the demo."""

MESSAGE = "message"
"""Beside the stages of `timing_ms`: from the frame in hand to its encoded message at the sink."""


LEAST_IOU = 0.4
"""Of a face's box with the demo's own, which is the larger one while the face is tilted."""


@dataclass(frozen=True)
class Timed:
    """One frame's times."""

    faces: int
    """In the frame, and where the demo has its face."""
    searched: bool
    """Whether the finder ran."""
    spent_ms: dict[str, float]
    """By stage, and from capture to MESSAGE."""


class RenderedDemo(FrameSource):
    """The demo's frames, each stamped when it lies ready; as fast as they are taken."""

    name, live = "demo", False

    def __init__(self, frames: int) -> None:
        """So many frames from the start of the path."""
        self._demo = DemoSource(load_photo(), paced=False)
        self._frames = frames

    def __iter__(self) -> Iterator[Frame]:
        """Every frame in turn."""
        for frame in islice(self._demo, self._frames):
            yield Frame(frame.image, frame.sequence, time.monotonic_ns())

    def close(self) -> None:
        """End the iteration."""
        self._demo.close()


class TimingSink:
    """Notes when each frame's message arrived."""

    condition = Condition()

    def __init__(self) -> None:
        """Nothing noted yet."""
        self.timed: list[Timed] = []

    def publish(self, message: events.Message, line: bytes) -> None:  # noqa: ARG002 - only its time counts
        """Note a frame."""
        arrived_ns = time.monotonic_ns()
        if isinstance(message, events.FrameMessage):
            spent_ms = {**asdict(message.timing_ms), MESSAGE: (arrived_ns - message.captured_ns) / 1e6}
            faces = sum(is_in_place(face.box, message.sequence) for face in message.faces)
            self.timed.append(Timed(faces, message.timing_ms.find > 0, spent_ms))

    def close(self) -> None:
        """Nothing is held."""


def time_tracked(model: str, threads: int, frames: int, warm_up: int = WARM_UP) -> list[Timed]:
    """Frames of the demo through a daemon in this process, those of the warm-up left out.

    Raises:
        UsageError: an unknown model.
        BadInputError: the model cannot be used.
        MissingOutsideError: no runtime, or no demo photograph.
    """
    network = LandmarkNetwork(find_model(model), threads)
    tracker = Tracker(network, open_finder(DEFAULT_FINDER, threads))
    sink = TimingSink()
    source = RenderedDemo(warm_up + frames)
    with Daemon(source, tracker, Outputs.of(sink), network.manifest.identity, DaemonSettings()) as daemon:
        daemon.run()
    return sink.timed[warm_up:]


def spread_of(timed: Sequence[Timed]) -> dict[str, dict[str, float]]:
    """p50, p95 and p99 of every stage, milliseconds."""
    names = timed[0].spent_ms if timed else {}
    told = {name: percentiles(one.spent_ms[name] for one in timed) for name in names}
    return {name: events.plain(spread) for name, spread in told.items() if spread is not None}


def tracked_figures(timed: Sequence[Timed]) -> dict[str, Any]:
    """Frames that follow one face, without and with those that also search for others.

    Raises:
        BadInputError: the model followed no face at all.
    """
    one_face = [one for one in timed if one.faces == 1]
    followed = [one for one in one_face if not one.searched]
    if not followed:
        raise BadInputError("no face was followed in the demo; check the model with `make evaluate`")
    return {
        "frames": len(followed),
        "warm_up": WARM_UP,
        "stages_ms": spread_of(followed),
        "with_search": {"frames": len(one_face), "message_ms": spread_of(one_face)[MESSAGE]},
    }


def time_live(model: str, threads: int, frames: int) -> dict[str, Any]:
    """The daemon in a process of its own on `demo:` at 30 frames a second; its lines as they arrive here.

    Raises:
        BadInputError: it ended before its frames were done.
    """
    flags = ["--source", "demo:", "--model", model, "--threads", str(threads), "--sink", "stdout:"]
    command = [sys.executable, "-m", "device", "run", *flags, "--frames", str(WARM_UP + frames + 1)]
    arrived: list[tuple[float, dict[str, Any]]] = []
    peak_mb = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        for line in child.stdout or ():
            now_ns = time.monotonic_ns()
            message = json.loads(line)
            if message["type"] != "frame":
                continue
            arrived.append(((now_ns - message["captured_ns"]) / 1e6, message))
            if len(arrived) == WARM_UP + frames:
                peak_mb = peak_memory_mb(child.pid)
    if len(arrived) < WARM_UP + frames:
        raise BadInputError(f"the daemon ended after {len(arrived)} frames of its demo; see `make run`")
    return live_figures(arrived[WARM_UP : WARM_UP + frames]) | {"peak_memory_mb": peak_mb}


def live_figures(arrived: Sequence[tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    """Latency in the reader's hand, by stage, and dropped frames, of (milliseconds, message)."""
    sequences = [message["sequence"] for _, message in arrived]
    timed = [
        Timed(len(message["faces"]), message["timing_ms"]["find"] > 0, {**message["timing_ms"], MESSAGE: ms})
        for ms, message in arrived
    ]
    span_s = (arrived[-1][1]["captured_ns"] - arrived[0][1]["captured_ns"]) / 1e9
    return {
        "frames": len(arrived),
        "warm_up": WARM_UP,
        "stages_ms": spread_of(timed),
        "dropped": sequences[-1] - sequences[0] + 1 - len(sequences),
        "fps": (len(arrived) - 1) / span_s,
    }


def peak_memory_mb(pid: int) -> float:
    """The most that a process has held in memory, 10^6 bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024 / 1e6


def is_in_place(box: Box, sequence: int) -> bool:
    """Whether a face's box lies where the demo has its face in that frame; a broken model's lies anywhere."""
    corners = np.array(
        [(x, y) for x in (FACE_BOX.x_min, FACE_BOX.x_max) for y in (FACE_BOX.y_min, FACE_BOX.y_max)]
    )
    truth = Box.around(DemoPath().photo_to_frame(sequence).frame_to_crop(corners))
    return box.iou(truth) >= LEAST_IOU


def unfollowed_share(timed: Sequence[Timed], warm_up: int = WARM_UP) -> float:
    """Share of the demo's frames with the face in view in which it was not followed.

    `timed` begins after the warm-up.
    """
    path = DemoPath()
    # While the camera wanders the face stays in view; then it leaves.
    seen = [
        one for number, one in enumerate(timed, warm_up) if number / path.fps % ROUND_SECONDS < WANDER_SECONDS
    ]
    return sum(one.faces != 1 for one in seen) / len(seen) if seen else 0.0
