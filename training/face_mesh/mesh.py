"""MediaPipe's face mesh, asked about pictures."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.checks.bench.peer import find_peer_python
from device.contract.errors import MissingOutsideError

WORKER = Path(__file__).with_name("worker.py")


class FaceMesh:
    """MediaPipe in a process of its own; a context manager."""

    def __init__(self) -> None:
        """Start the process.

        Raises:
            MissingOutsideError: MediaPipe is not installed.
        """
        python = find_peer_python()
        if python is None:
            raise MissingOutsideError("no MediaPipe in .venv-bench; `make .venv-bench/.built` installs it")
        self._folder = tempfile.TemporaryDirectory(prefix="face-mesh-")
        self._process = subprocess.Popen(
            [str(python), str(WORKER)],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def landmarks(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(N, 478, 2) points of the one face of each picture, its pixels; NaN where none was found.

        Args:
            pictures: (H, W, 3) BGR each, all of one size.

        Raises:
            MissingOutsideError: MediaPipe ended; it cannot run here.
        """
        files = {name: str(Path(self._folder.name) / f"{name}.npy") for name in ("pictures", "landmarks")}
        np.save(files["pictures"], np.stack(pictures))
        if not self._ask(json.dumps(files)):
            raise MissingOutsideError(
                "MediaPipe ended without an answer; try `make bench`, which runs it too"
            )
        height, width = pictures[0].shape[:2]
        found = np.load(files["landmarks"], allow_pickle=False)[:, :, :2].astype(np.float64)
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
