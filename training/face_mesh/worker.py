"""MediaPipe's FaceMesh on pictures; run by the interpreter of `.venv-bench`, which has MediaPipe.

    .venv-bench/bin/python training/face_mesh/worker.py OPTIONS

OPTIONS are those of MediaPipe's FaceMesh, as JSON. Each line on stdin names two files, as JSON: `pictures`,
an .npy of (N, H, W, 3) uint8, blue green red, and `landmarks`, the .npy to write, (N, F, K, 3) float32: x
and y in widths and heights of the picture, counted from its upper left edge, and depth; NaN where there are
fewer than F faces. F is `max_num_faces`, K is 478 with irises (`refine_landmarks`), 468 without. The answer
is a JSON list of the milliseconds that each picture took. Imports nothing of this project: the other
environment has none of it.
"""

import json
import sys
import time
from typing import Any

import numpy as np

MESH, IRISES = 468, 10
"""Points."""


def landmarks_of(mesh: Any, picture: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, float]:
    """(faces, points, 3), NaN for faces that are not there, and the milliseconds that it took."""
    rgb = np.ascontiguousarray(picture[..., ::-1])
    begun_ns = time.perf_counter_ns()
    found = mesh.process(rgb).multi_face_landmarks
    spent_ms = (time.perf_counter_ns() - begun_ns) / 1e6
    landmarks = np.full(shape, np.nan, np.float32)
    for face, each in zip(landmarks, found or (), strict=False):
        face[:] = [(point.x, point.y, point.z) for point in each.landmark]
    return landmarks, spent_ms


def main(options: dict[str, Any]) -> None:
    """Answer until stdin ends."""
    import mediapipe  # type: ignore[import-not-found, unused-ignore]

    mesh = mediapipe.solutions.face_mesh.FaceMesh(**options)
    points = MESH + IRISES * options.get("refine_landmarks", False)
    shape = options.get("max_num_faces", 1), points, 3
    for line in sys.stdin:
        files = json.loads(line)
        pictures = np.load(files["pictures"], allow_pickle=False)
        found = [landmarks_of(mesh, picture, shape) for picture in pictures]
        np.save(files["landmarks"], np.stack([landmarks for landmarks, _ in found]))
        print(json.dumps([spent_ms for _, spent_ms in found]), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
