"""MediaPipe's FaceMesh in its video mode, timed frame by frame; run by the interpreter that has MediaPipe.

    .venv-bench/bin/python device/checks/bench/peer_worker.py FRAMES.npy

FRAMES.npy holds (N, H, W, 3) uint8, blue green red. Each line on stdin is a number of frames to go on by;
the answer is a JSON list of milliseconds, without the change to red green blue, which MediaPipe wants.
Imports nothing of this project: the other environment has none of it.
"""

import json
import sys
import time

import numpy as np


def main(file: str) -> None:
    """Answer until stdin ends."""
    import mediapipe  # type: ignore[import-not-found, unused-ignore]

    frames = np.ascontiguousarray(np.load(file)[..., ::-1])
    mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=False, max_num_faces=1)
    done = 0
    for line in sys.stdin:
        spent_ms = []
        for _ in range(int(line)):
            frame = frames[done % len(frames)]
            begun_ns = time.perf_counter_ns()
            mesh.process(frame)
            spent_ms.append((time.perf_counter_ns() - begun_ns) / 1e6)
            done += 1
        print(json.dumps(spent_ms), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
