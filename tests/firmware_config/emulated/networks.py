"""Instructions of one inference of each landmark network on a Pi's processors, counted under qemu-user.

    python -m tests.firmware_config.emulated.networks [FURTHER.tflite ...]

prints a table: the shipped models, and further files, such as MediaPipe's mesh, to compare them with. Like
the figures of `instructions.py` these are no times. Root, a minute.
"""

import sys
import tempfile
from pathlib import Path

from device.inference.models import MODELS
from firmware_config.wheels import SYSTEMS
from tests.firmware_config.emulated.instructions import run_marked
from tests.firmware_config.emulated.tree import PROCESSORS, install

PROGRAM = Path(__file__).parent / "inferences.py"


def main(further: list[str]) -> None:
    """Print the table, in millions of instructions."""
    paths = [*sorted(MODELS.glob("*/student.tflite")), *(Path(name).resolve() for name in further)]
    columns = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = install(SYSTEMS[0], folder)
        for processor in PROCESSORS:
            marks = run_marked(tree, SYSTEMS[0], processor, folder, PROGRAM, *paths)
            counts = [so_far for _, so_far in marks]
            columns[processor] = [
                after - before for before, after in zip(counts[::2], counts[1::2], strict=True)
            ]
    print("| network |", " | ".join(columns), "|")
    print("| --- |" + " --- |" * len(columns))
    for number, path in enumerate(paths):
        told = (f"{counted[number] / 1e6:.1f}" for counted in columns.values())
        print(f"| {path.parent.name if path.stem == 'student' else path.stem} |", " | ".join(told), "|")


if __name__ == "__main__":
    main(sys.argv[1:])
