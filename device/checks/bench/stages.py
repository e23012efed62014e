"""Time of each stage of a frame, in turns with MediaPipe's mesh network."""

import platform
from collections.abc import Callable
from typing import Any

import numpy as np

from device.checks.bench.peer import MeshPeer, find_peer
from device.checks.timing import in_turns, spread
from device.checks.tracking.crowd import following_calls, further_face_ms
from device.contract.geometry import Box, CropTransform
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.sources.demo_path import FACE_BOX, DemoPath
from device.sources.demo_picture import demo_face
from device.support.processor import read_processor
from device.tracking.crop import crop_image

Calls = dict[str, Callable[[], Any]]

CROWD = 4
"""Faces of the frame that shows what a further one costs."""

PEER_MARGIN = 1.5
"""Face sizes that MediaPipe crops; the time does not depend on it."""


def _student_calls(network: LandmarkNetwork, frame: np.ndarray, box: Box) -> Calls:
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


def _peer_calls(peer: MeshPeer, frame: np.ndarray, box: Box) -> Calls:
    transform = CropTransform.for_box(box, PEER_MARGIN, (peer.side, peer.side))
    crop = crop_image(frame, transform)

    def whole() -> np.ndarray:
        peer.infer(crop_image(frame, transform))
        return peer.decode(transform)

    return {"mediapipe network": lambda: peer.infer(crop), "mediapipe crop + network + decode": whole}


def _ratios(medians: dict[str, float]) -> dict[str, float]:
    """Our medians over MediaPipe's, where its are there."""
    return {
        name: medians[name] / medians[f"mediapipe {name}"]
        for name in ("network", "crop + network + decode")
        if f"mediapipe {name}" in medians
    }


def measure_stages(model: str, threads: int, peer_file: str | None) -> dict[str, Any]:
    """p50, p95 and p99 of every stage, milliseconds, and the ratios to MediaPipe's where it is at hand.

    Raises:
        UsageError: an unknown model.
        BadInputError: model or manifest damaged.
        MissingOutsideError: MediaPipe's file is not where it was said to be.
    """
    network = LandmarkNetwork(find_model(model), threads)
    place = DemoPath().photo_to_frame(0)
    frame = crop_image(demo_face(), place)
    box = Box.around(place.frame_to_crop(np.array([FACE_BOX.xyxy[:2], FACE_BOX.xyxy[2:]])))
    calls = _student_calls(network, frame, box) | following_calls(network, (1, CROWD))
    peer = find_peer(peer_file)
    if peer is not None:
        calls |= _peer_calls(MeshPeer(peer, threads), frame, box)
    stages_ms = {name: spread(values) for name, values in in_turns(calls).items()}
    medians = {name: figures["p50"] for name, figures in stages_ms.items()}
    return {
        "model": network.manifest.identity,
        "threads": threads,
        "machine": platform.machine(),
        "processor": str(read_processor()),
        "python": platform.python_version(),
        "stages_ms": stages_ms,
        "further_face_ms": further_face_ms(medians, CROWD),
        "ratio_to_mediapipe": _ratios(medians),
    }
