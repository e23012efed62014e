"""How soon a peer gives its first landmarks, and how much memory it then has held, each in a new process."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from device.contract.errors import BadInputError
from device.contract.geometry import Box, Image
from training.peers.line_up import LineUp
from training.peers.media_pipe import FaceMeshSearcher
from training.peers.peer import Peer

WAIT_SECONDS = 120


@dataclass(frozen=True)
class Start:
    """Of a process from nothing to its first landmarks."""

    seconds: float
    memory_mb: float
    """The most resident memory, 10^6 bytes; Python and libraries included."""


def peak_memory_mb(pid: int) -> float:
    """The most resident memory that a process has held, 10^6 bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def _start_child(arguments: list[str], name: str) -> Start:
    begun = time.monotonic()
    command = [sys.executable, "-m", "training.peers.newborn", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as child:  # type: ignore[call-overload]
        ready = child.stdout.readline()
        start = Start(time.monotonic() - begun, peak_memory_mb(child.pid)) if ready else None
        _, said = child.communicate(timeout=WAIT_SECONDS)
    if start is None:
        reason = (said.decode().strip().splitlines() or ["no word"])[-1]
        raise BadInputError(f"{name} found no face in the demo ({reason}); is it the right file?")
    return start


def _start_face_mesh(image: Image) -> Start:
    begun = time.monotonic()
    with FaceMeshSearcher() as searcher:
        searcher.faces(image)
        return Start(time.monotonic() - begun, peak_memory_mb(searcher.mesh.pid))


def measure_start(peers: LineUp, image: Image, box: Box, repeats: int) -> dict[str, Start]:
    """The median of several starts of each peer, by its name.

    Raises:
        BadInputError: a peer finds no face in the picture.
    """
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "frame.png"
        cv2.imwrite(str(picture), image)
        told = [str(picture), json.dumps(box)]
        return {
            peer.name: _median([_start(peer, told, image) for _ in range(repeats)]) for peer in peers.peers
        }


def _start(peer: Peer, told: list[str], image: Image) -> Start:
    return _start_child([*told, *peer.opened_by], peer.name) if peer.opened_by else _start_face_mesh(image)


def _median(starts: list[Start]) -> Start:
    return Start(
        float(np.median([start.seconds for start in starts])),
        float(np.median([start.memory_mb for start in starts])),
    )
