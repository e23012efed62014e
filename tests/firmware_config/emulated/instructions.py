"""Instructions of each stage of a tracked frame on a Pi's processors, counted under qemu-user.

    python -m tests.firmware_config.emulated.instructions

writes `instructions.json`, which `test_instructions.py` holds a checkout to; root, a few minutes. The counts
are the same on every machine, busy or not. They are no times: how many instructions a cycle takes differs.
"""

import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median

from firmware_config.wheels import SYSTEMS, System
from tests.firmware_config.emulated.tracked_frames import STAGES
from tests.firmware_config.emulated.tree import LIBRARIES, PROCESSORS, install, show_processor

HERE = Path(__file__).parent
FIGURES = HERE / "instructions.json"
PROGRAM, PLUGIN = HERE / "tracked_frames.py", HERE / "counter.c"

EMULATOR = "qemu-aarch64"
"""Of the package qemu-user: the one of qemu-user-static takes no plugins."""

ENVIRONMENT = {
    "LD_LIBRARY_PATH": LIBRARIES,
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONHOME": "/usr",
    "PYTHONPATH": "/opt/installed",
}
"""Of the emulated program; the first three as in the service's unit and by its packages."""


def count(tree: Path, system: System, processor: str, folder: Path) -> dict[str, int]:
    """Median instructions of each stage, over the frames that follow one face without a search.

    Args: as of `run_marked`.
    """
    frames = frames_of(run_marked(tree, system, processor, folder, PROGRAM))
    return {stage: round(median(frame[stage] for frame in frames)) for stage in STAGES if frames[0][stage]}


def run_marked(
    tree: Path, system: System, processor: str, folder: Path, *program: str | Path
) -> list[tuple[int, ...]]:
    """Run a program that marks its stages: (stage that ended, instructions so far) of every mark.

    Args:
        tree: of `install`.
        system: that the tree is of.
        processor: one of PROCESSORS.
        folder: for the compiled plugin and its output.
        program: a Python file and its arguments.
    """
    show_processor(tree, processor)
    plugin, marks = folder / "counter.so", folder / "marks.txt"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", plugin, PLUGIN], check=True)
    settings = [word for name, value in ENVIRONMENT.items() for word in ("-E", f"{name}={value}")]
    python = tree / f"usr/bin/python{system.python}"
    emulated = [EMULATOR, "-cpu", processor, "-L", tree, *settings, "-plugin", plugin, python, *program]
    subprocess.run(emulated, check=True, env={"PATH": "/usr/bin:/bin", "COUNTER_FILE": str(marks)})
    return [tuple(map(int, line.split())) for line in marks.read_text().splitlines()]


def frames_of(marks: list[tuple[int, ...]]) -> list[Counter[str]]:
    """Instructions by stage of each frame that came to its message, of (stage that ended, count so far)."""
    frames, spent, before = [], Counter(), 0
    for number, so_far in marks:
        stage = STAGES[number]
        if stage == STAGES[0]:
            spent = Counter()
        else:
            spent[stage] += so_far - before
        if stage == STAGES[-1]:
            frames.append(spent)
        before = so_far
    return frames


def main() -> None:
    """Write the figures of every system and processor."""
    figures: dict[str, dict[str, dict[str, int]]] = {}
    for system in SYSTEMS:
        with tempfile.TemporaryDirectory() as name:
            tree = install(system, Path(name))
            figures[system.codename] = {each: count(tree, system, each, Path(name)) for each in PROCESSORS}
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
