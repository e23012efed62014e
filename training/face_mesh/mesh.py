"""MediaPipe's face mesh, asked about pictures."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.checks.bench.peer import find_peer_python
from device.contract.errors import MissingOutsideError

WORKER = Path(__file__).with_name("worker.py")

REFINED_STILLS = {
    "static_image_mode": True,
    "max_num_faces": 1,
    "refine_landmarks": True,
    # Of MediaPipe's own face detector; its default is 0.5.
    "min_detection_confidence": 0.3,
}
"""Options that lose few faces of single pictures, and give the irises, too."""


class FaceMesh:
    """MediaPipe in a process of its own; a context manager."""

    def __init__(self, options: Mapping[str, bool | int | float] = REFINED_STILLS) -> None:
        """Start the process.

        Args:
            options: of MediaPipe's FaceMesh.

        Raises:
            MissingOutsideError: MediaPipe is not installed.
        """
        python = find_peer_python()
        if python is None:
            raise MissingOutsideError("no MediaPipe in .venv-bench; `make .venv-bench/.built` installs it")
        self._folder = tempfile.TemporaryDirectory(prefix="face-mesh-")
        self._process = subprocess.Popen(
            [str(python), str(WORKER), json.dumps(dict(options))],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self._process.pid
        self.spent_ms: list[float] = []
        """MediaPipe's own time for each picture of the last call, the change to red green blue left out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def landmarks(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(N, K, 2) points of the first face of each picture; otherwise as `faces`."""
        return np.asarray(self.faces(pictures)[:, 0], np.float64)

    def faces(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(N, F, K, 2) points of the faces of each picture, its pixels; NaN where there are fewer than F.

        F is `max_num_faces`, K is 478 with irises, 468 without.

        Args:
            pictures: (H, W, 3) BGR each, all of one size.

        Raises:
            MissingOutsideError: MediaPipe ended; it cannot run here.
        """
        files = {name: str(Path(self._folder.name) / f"{name}.npy") for name in ("pictures", "landmarks")}
        np.save(files["pictures"], np.stack(pictures))
        answer = self._ask(json.dumps(files))
        if not answer:
            raise MissingOutsideError(
                "MediaPipe ended without an answer; try `make bench`, which runs it too"
            )
        self.spent_ms = json.loads(answer)
        height, width = pictures[0].shape[:2]
        found = np.load(files["landmarks"], allow_pickle=False)[..., :2].astype(np.float64)
        return np.asarray(found * (width, height) - 0.5, np.float64)

    def _ask(self, line: str) -> str:
        """The worker's answer; empty where it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return ""
        return self._process.stdout.readline()

    def close(self) -> None:
        """End the process and remove its files."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()
