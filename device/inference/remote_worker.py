"""The process that runs a network on an accelerator: the accelerator's library is loaded here only.

A library that does not fit the runtime crashes it instead of raising, and one whose device is pulled out may
hang; both end this process and nothing else. Messages: `{"inputs": ..., "outputs": ...}` or `error REASON`
first, then for each `run` a `done` or `error REASON`. Every tensor has its place in the shared memory.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from device.inference.interpreter import load_runtime
from device.support.child import Parent


def described(details: list[dict[str, Any]], offset: int) -> tuple[list[dict[str, Any]], int]:
    """Description of some tensors for the parent, each with its offset, and the offset after the last."""
    tensors = []
    for found in details:
        shape, dtype = [int(side) for side in found["shape"]], np.dtype(found["dtype"])
        scale, zero_point = found["quantization"]
        tensors.append(
            {
                "name": found["name"],
                "index": int(found["index"]),
                "shape": shape,
                "dtype": dtype.name,
                "quantization": [float(scale), int(zero_point)],
                "offset": offset,
            }
        )
        # Whole cache lines.
        offset += -(-int(np.prod(shape)) * dtype.itemsize // 64) * 64
    return tensors, offset


def open_interpreter(model: Path, library: str, threads: int) -> Any:
    """An interpreter with the delegate of a library, warm: the first run also loads the device.

    Raises:
        ValueError, OSError, RuntimeError: no library, no device, or not the model for it.
    """
    runtime = load_runtime()
    delegate = runtime.load_delegate(library)
    interpreter = runtime.Interpreter(
        model_path=str(model), num_threads=threads, experimental_delegates=[delegate]
    )
    interpreter.allocate_tensors()
    interpreter.invoke()
    return interpreter


def main(arguments: list[str]) -> None:
    """Load the model, then run it whenever asked, until the parent goes away."""
    parent = Parent(arguments)
    model, library, threads = parent.arguments
    try:
        interpreter = open_interpreter(Path(model), library, int(threads))
    except (ValueError, OSError, RuntimeError) as error:
        parent.send(f"error {' '.join(str(error).split()) or 'the library gives no reason'}")
        return
    except AttributeError as error:  # the runtime looks up the library's functions by name
        parent.send(f"error it is no delegate's library ({error})")
        return
    inputs, end = described(interpreter.get_input_details(), 0)
    outputs, end = described(interpreter.get_output_details(), end)
    memory = parent.share(end)
    views = {
        tensor["index"]: np.ndarray(tensor["shape"], tensor["dtype"], memory, tensor["offset"])
        for tensor in (*inputs, *outputs)
    }
    parent.send(json.dumps({"inputs": inputs, "outputs": outputs}))
    while parent.receive():
        try:
            for tensor in inputs:
                interpreter.set_tensor(tensor["index"], views[tensor["index"]])
            interpreter.invoke()
            for tensor in outputs:
                views[tensor["index"]][:] = interpreter.get_tensor(tensor["index"])
        except (ValueError, OSError, RuntimeError) as error:
            parent.send(f"error {' '.join(str(error).split())}")
            return
        parent.send("done")


if __name__ == "__main__":
    main(sys.argv[1:])
