"""MediaPipe's FaceMesh on still pictures; run by the interpreter of `.venv-bench`, which has MediaPipe.

    .venv-bench/bin/python training/face_mesh/worker.py

Each line on stdin names two files, as JSON: `pictures`, an .npy of (N, H, W, 3) uint8, blue green red, and
`landmarks`, the .npy to write, (N, 478, 3) float32: x and y in widths and heights of the picture, counted
from its upper left edge, and depth; NaN where no face was found. The answer is an empty line. Imports
nothing of this project: the other environment has none of it.
"""

import json
import sys
from typing import Any

import numpy as np

POINTS = 478
"""468 of the mesh, ten of the irises."""
MIN_DETECTION_CONFIDENCE = 0.3
"""Of MediaPipe's own face detector; its default is 0.5."""


def landmarks_of(mesh: Any, picture: np.ndarray) -> np.ndarray:
    """(478, 3) of the first face, or NaN."""
    found = mesh.process(np.ascontiguousarray(picture[..., ::-1])).multi_face_landmarks
    if not found:
        return np.full((POINTS, 3), np.nan, np.float32)
    return np.array([(point.x, point.y, point.z) for point in found[0].landmark], np.float32)


def main() -> None:
    """Answer until stdin ends."""
    import mediapipe  # type: ignore[import-not-found, unused-ignore]

    mesh = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True,
        max_num_faces=1,
        refine_landmarks=True,
        min_detection_confidence=MIN_DETECTION_CONFIDENCE,
    )
    for line in sys.stdin:
        files = json.loads(line)
        pictures = np.load(files["pictures"], allow_pickle=False)
        np.save(files["landmarks"], np.stack([landmarks_of(mesh, picture) for picture in pictures]))
        print(flush=True)


if __name__ == "__main__":
    main()
