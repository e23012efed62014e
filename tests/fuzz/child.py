"""Fuzzes one target in this process: `python -m tests.fuzz.child TARGET SEED SECONDS BATCHES FOLDER`.

It ends when the seconds are over or the batches are done. The same seed gives the same inputs.

Each input is in FOLDER before it is read, so that one which kills the process is kept. Prints the number of
inputs read and refused, and the most memory that reading took beyond what the process had before.
"""

import json
import logging
import resource
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from device.contract.errors import LandmarksError
from tests.fuzz.mutation import MUTATIONS, mutate
from tests.fuzz.targets import TARGETS

BATCH = 50
"""Inputs of one seed; the next batch has the next."""


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def check_sentence(text: str) -> None:
    """A refusal is one line that says something."""
    if not text.strip() or "\n" in text.strip():
        raise AssertionError(f"a refusal of {text.count(chr(10)) + 1} lines: {text[:200]!r}")


def fuzz(name: str, first_seed: int, seconds: float, batches: int, folder: Path) -> dict[str, float]:
    """Read mutated inputs; whatever is not a LandmarksError ends the process."""
    target = TARGETS[name]
    path = target.sample(folder)
    original = path.read_bytes()
    target.read(path)  # The sample itself is valid, and libraries are loaded before memory is measured.
    before, ends = peak_mb(), time.monotonic() + seconds
    figures = {"inputs": 0, "refused": 0}

    def try_one(mutations: list[tuple[str, float, bytes]]) -> None:
        if time.monotonic() > ends:
            return
        path.write_bytes(mutate(original, mutations))
        figures["inputs"] += 1
        try:
            target.read(path)
        except LandmarksError as error:
            figures["refused"] += 1
            check_sentence(str(error))

    quiet = settings(
        max_examples=BATCH, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for number in range(first_seed, first_seed + batches):
        if time.monotonic() > ends:
            break
        seed(number)(quiet(given(MUTATIONS)(try_one)))()
    return {**figures, "memory_mb": peak_mb() - before}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    target_name, seed_text, seconds_text, batches_text, folder_text = sys.argv[1:]
    limits = float(seconds_text), int(batches_text)
    print(json.dumps(fuzz(target_name, int(seed_text), *limits, Path(folder_text))))
