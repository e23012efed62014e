"""Runs inside .venv-ethos-u: how large TensorFlow Lite Micro's arena must be for a model.

    python -I micro_worker.py student.tflite input.npy

Prints JSON: the least arena, in bytes, at which the interpreter allocates, found by halving, and the raw
outputs for one input. It imports nothing of this project: its interpreter has other packages.
"""

import json
import sys
from pathlib import Path

import numpy as np
from tflite_micro import runtime

ALIGNMENT = 16
LARGEST_ARENA = 1 << 28


def fits(model: bytes, arena_bytes: int) -> bool:
    """Whether the model's tensors can be allocated in an arena of this size."""
    try:
        runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
    except RuntimeError:
        return False
    return True


def least_arena(model: bytes) -> int:
    """The smallest multiple of ALIGNMENT that is enough; 0 where not even the largest is."""
    if not fits(model, LARGEST_ARENA):
        return 0
    too_small, enough = 0, LARGEST_ARENA // ALIGNMENT
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        if fits(model, middle * ALIGNMENT):
            enough = middle
        else:
            too_small = middle
    return enough * ALIGNMENT


def outputs_of(model: bytes, arena_bytes: int, values: np.ndarray, count: int) -> list[list[int]]:
    """Every output for one input, flat."""
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
    interpreter.set_input(values, 0)
    interpreter.invoke()
    return [interpreter.get_output(place).ravel().tolist() for place in range(count)]


def main() -> None:
    """Measure and print."""
    model, values = Path(sys.argv[1]).read_bytes(), np.load(sys.argv[2], allow_pickle=False)
    arena_bytes = least_arena(model)
    outputs = outputs_of(model, arena_bytes, values, int(sys.argv[3])) if arena_bytes else []
    print(json.dumps({"arena_bytes": arena_bytes, "outputs": outputs}))


if __name__ == "__main__":
    main()
