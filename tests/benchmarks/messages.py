"""Time to encode and to decode a frame line, this checkout beside another one, in turns.

    git worktree add ../before COMMIT
    python -m tests.benchmarks.messages ../before

Each checkout is measured by a process of its own that waits while the other one works; of each figure the
least of all rounds counts, for what else the machine does can only lengthen it.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[2]
ROUNDS = 40

WORKER = """
import importlib, sys, timeit
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import json
import numpy as np

def first(*names):
    # Of these modules the one that the checkout has: another checkout may be installed, too.
    for name in names:
        if Path(sys.argv[1], *name.split(".")).with_suffix(".py").is_file():
            return importlib.import_module(name)
    sys.exit(f"{sys.argv[1]} has none of the modules {names}")

messages = first("device.messages.messages", "device.events")
decode_line = first("device.messages.json_decoder", "device.decoding").decode_line
from device.contract.geometry import Box

rng = np.random.default_rng(0)
points, scores = rng.uniform(0, 640, (68, 2)), rng.uniform(0, 1, 68).astype(np.float32)
signals = {name: float(rng.uniform(0, 1)) for name in SIGNALS}
pose = messages.Pose(1.234, 2.345, 3.456, (1.23456, 2.3456, 3.4567), 640.0, 0.01234)
plain = messages.FaceMessage(1, 0.98765, Box.around(points), points, scores)
known = [pose, signals, messages.Blinks(1, 2), ["jaw"]]
full = messages.FaceMessage(1, 0.98765, Box.around(points), points, scores, *known)

def frame(face):
    size, timing = messages.FrameInfo(640, 480), messages.TimingMs(0.1, 0.23456, 1.2345, 0.2, 1.9, 0.3)
    return messages.FrameMessage("cam0", 3, 10**12, 10**12 + 5, size, [face], timing, "small@0123abcd")

tasks = {}
for name, face in {"landmarks only": plain, "with pose and signals": full}.items():
    message = frame(face)
    line = messages.encode(message)
    tasks[f"encode, {name}"] = lambda message=message: messages.encode(message)
    tasks[f"decode, {name}"] = lambda line=line: decode_line(line)
print(json.dumps([messages.encode(frame(face)).decode() for face in (plain, full)]), flush=True)
for _ in sys.stdin:
    best = {name: min(timeit.repeat(task, number=20, repeat=20)) / 20 for name, task in tasks.items()}
    print(json.dumps(best), flush=True)
"""


def start(checkout: Path, names: tuple[str, ...]) -> subprocess.Popen[str]:
    code = f"SIGNALS = {names!r}\n{WORKER}"
    return subprocess.Popen(
        [sys.executable, "-c", code, str(checkout.resolve())],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def measured(worker: subprocess.Popen[str]) -> dict[str, float]:
    """One round of one checkout, seconds by task."""
    print(file=worker.stdin, flush=True)
    return dict(json.loads(worker.stdout.readline()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, help="the other checkout")
    arguments = parser.parse_args()
    from device.messages.signals import SIGNAL_NAMES

    workers = [start(checkout, SIGNAL_NAMES) for checkout in (arguments.before, HERE)]
    before, after = (json.loads(worker.stdout.readline()) for worker in workers)
    rounds = [[measured(worker) for worker in workers] for _ in range(ROUNDS)]
    for worker in workers:
        worker.stdin.close()
        worker.wait()
    same = "the same" if before == after else "NOT the same"
    print(f"lines are {same}, {len(after[1])} bytes with pose and signals")
    for task in rounds[0][0]:
        best = [1e6 * min(each[side][task] for each in rounds) for side in (0, 1)]
        print(
            f"{task:30} {best[0]:8.1f} us before {best[1]:8.1f} us now, {best[0] / best[1]:.2f} times as fast"
        )


if __name__ == "__main__":
    main()
