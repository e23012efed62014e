"""How long does each stage take here, and how does MediaPipe's mesh network fare beside it?

Times are taken turn by turn in one process, so that whatever else the machine does falls on all
alike: the ratio can be trusted where the milliseconds cannot.
"""

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from device.checks.bench.video import measure_video
from device.checks.tracking.crowd import following_calls, further_face_ms
from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.geometry import Box, CropTransform
from device.inference.interpreter import load_runtime
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.sources.demo_path import FACE_BOX, DemoPath
from device.sources.demo_photo import load_photo
from device.tracking.crop import crop_image

ROUNDS = 40
BLOCK = 10
"""Calls in a row before the next one's turn: caches are warm, as they are in a stream."""

WARM_UP = 20
"""Calls before anything counts; the first inference also packs the weights."""

PEER_FILE = "mediapipe/modules/face_landmark/face_landmark.tflite"
PEER_HOME = Path(__file__).parents[3] / ".venv-bench"


class MeshPeer:
    """MediaPipe's 192-pixel face mesh network, run by the same interpreter."""

    def __init__(self, model: Path, threads: int) -> None:
        """Load the file.

        Raises:
            BadInputError: it is no model.
        """
        try:
            self._interpreter = load_runtime().Interpreter(model_path=str(model), num_threads=threads)
            self._interpreter.allocate_tensors()
        except ValueError as error:
            raise BadInputError(f"{model} is no TFLite model ({error})") from error
        self._input = self._interpreter.get_input_details()[0]
        self._mesh = self._interpreter.get_output_details()[0]["index"]
        self.side = int(self._input["shape"][1])

    def infer(self, crop: np.ndarray) -> None:
        """A crop (side, side, 3) uint8 through the network."""
        real = crop[None].astype(np.float32) * np.float32(1 / 255)
        self._interpreter.set_tensor(self._input["index"], real)
        self._interpreter.invoke()

    def decode(self, transform: CropTransform) -> np.ndarray:
        """(468, 2) pixels of the frame."""
        mesh = self._interpreter.get_tensor(self._mesh).reshape(-1, 3)
        return transform.crop_to_frame(mesh[:, :2])


def find_peer(given: str | None) -> Path | None:
    """MediaPipe's model: the file given, or the one in `.venv-bench`, or None.

    Raises:
        MissingOutsideError: the file given is not there.
    """
    if given is None:
        return next(PEER_HOME.glob(f"lib/*/site-packages/{PEER_FILE}"), None)
    if not Path(given).is_file():
        raise MissingOutsideError(f"no file {given}: `make bench` fetches MediaPipe's wheel, which holds it")
    return Path(given)


def find_peer_python() -> Path | None:
    """The interpreter of `.venv-bench`, where MediaPipe is installed in it."""
    python = PEER_HOME / "bin" / "python"
    return python if any(PEER_HOME.glob("lib/*/site-packages/mediapipe")) and python.exists() else None


def in_turns(calls: dict[str, Callable[[], Any]]) -> dict[str, np.ndarray]:
    """Milliseconds of each call, (ROUNDS * BLOCK,), the calls taking turns in blocks."""
    for call in calls.values():
        for _ in range(WARM_UP):
            call()
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for _ in range(BLOCK):
                begun = time.perf_counter_ns()
                call()
                spent[name].append((time.perf_counter_ns() - begun) / 1e6)
    return {name: np.array(values) for name, values in spent.items()}


def _student_calls(network: LandmarkNetwork, frame: np.ndarray, box: Box) -> dict[str, Callable[[], Any]]:
    rule = network.manifest.crop
    transform = CropTransform.for_box(box, rule.margin, rule.size_wh)
    crop = crop_image(frame, transform)

    def whole() -> np.ndarray:
        network.infer(crop_image(frame, transform))
        return transform.crop_to_frame(network.decode().landmarks_crop)

    return {
        "network": lambda: network.infer(crop),
        "crop": lambda: crop_image(frame, transform),
        "decode": network.decode,
        "crop + network + decode": whole,
    }


def _peer_calls(peer: MeshPeer, frame: np.ndarray, box: Box) -> dict[str, Callable[[], Any]]:
    # MediaPipe cuts 1.5 face sizes; the cost does not depend on it.
    transform = CropTransform.for_box(box, 1.5, (peer.side, peer.side))
    crop = crop_image(frame, transform)

    def whole() -> np.ndarray:
        peer.infer(crop_image(frame, transform))
        return peer.decode(transform)

    return {"mediapipe network": lambda: peer.infer(crop), "mediapipe crop + network + decode": whole}


def measure_stages(model: str, threads: int, peer_file: str | None) -> dict[str, Any]:
    """p50 and p95 of every stage, milliseconds, and the ratios to the peer's where it is at hand.

    Raises:
        UsageError: an unknown model.
        BadInputError: model or manifest damaged.
        MissingOutsideError: the peer's file is not where it was said to be.
    """
    network = LandmarkNetwork(find_model(model), threads)
    path = DemoPath()
    place = path.photo_to_frame(0)
    frame = crop_image(load_photo(), place)
    corners = place.frame_to_crop(np.array([FACE_BOX.xyxy[:2], FACE_BOX.xyxy[2:]]))
    calls = _student_calls(network, frame, Box.around(corners)) | following_calls(network)
    peer = find_peer(peer_file)
    if peer is not None:
        calls |= _peer_calls(MeshPeer(peer, threads), frame, Box.around(corners))
    spent = in_turns(calls)
    figures: dict[str, Any] = {
        "model": network.manifest.identity,
        "threads": threads,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "stages_ms": {
            name: {"p50": float(np.percentile(values, 50)), "p95": float(np.percentile(values, 95))}
            for name, values in spent.items()
        },
    }
    medians = {name: stage["p50"] for name, stage in figures["stages_ms"].items()}
    figures["further_face_ms"] = further_face_ms(medians)
    if peer is not None:
        figures["ratio_to_mediapipe"] = {
            name: medians[name] / medians[f"mediapipe {name}"]
            for name in ("network", "crop + network + decode")
        }
    return figures


def measure_start(model: str) -> dict[str, float]:
    """Seconds from starting the daemon to its first frame with a face, and its largest memory.

    Raises:
        BadInputError: the daemon did not get that far.
    """
    command = [sys.executable, "-m", "device", "run", "--model", model, "--frames", "150"]
    begun = time.monotonic()
    first_s = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout or ():
            message = json.loads(line)
            if first_s is None and message["type"] == "frame" and message["faces"]:
                first_s = time.monotonic() - begun
            if message.get("sequence", 0) >= 100:
                break
        status = Path(f"/proc/{child.pid}/status").read_text()
        child.terminate()
    if first_s is None:
        raise BadInputError("the daemon found no face in its own demo; check the model with `make evaluate`")
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"first_landmarks_s": first_s, "peak_memory_mb": peak_kb * 1024 / 1e6}


def bench(model: str, threads: int, peer_file: str | None, *, as_json: bool) -> int:
    """Measure everything and print it."""
    figures = {
        **measure_stages(model, threads, peer_file),
        "video_ms": measure_video(model, threads, find_peer_python()),
        "start": measure_start(model),
    }
    if as_json:
        print(json.dumps(figures))
        return 0
    print(f"{figures['model']}, {threads} thread(s), {figures['machine']}, 640x480, one face")
    print(f"{'stage':36} {'p50 ms':>8} {'p95 ms':>8}")
    for name, stage in figures["stages_ms"].items():
        print(f"{name:36} {stage['p50']:8.3f} {stage['p95']:8.3f}")
    print(f"each further face: {figures['further_face_ms']:.3f} ms")
    for name, ratio in figures.get("ratio_to_mediapipe", {}).items():
        print(f"{name}: {ratio:.2f} x MediaPipe's")
    print(f"{'video, in turns':36} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for name, spread in figures["video_ms"].items():
        print(f"{name:36} {spread['p50']:8.3f} {spread['p95']:8.3f} {spread['p99']:8.3f}")
    start = figures["start"]
    print(f"start to first landmarks: {start['first_landmarks_s']:.2f} s")
    print(f"peak memory: {start['peak_memory_mb']:.0f} MB")
    return 0
