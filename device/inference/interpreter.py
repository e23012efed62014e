"""TFLite interpreters: the runtime that is installed, tensors checked against a manifest, pixels as input."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.manifest import REMEDY
from device.contract.tensors import TensorSpec
from device.support.native_stderr import without_lines

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
"""Modules with an `Interpreter`, best first: tflite-runtime has no fast int8 path on x86."""

XNNPACK_NOTE = b"Created TensorFlow Lite XNNPACK delegate"
"""LiteRT writes this to standard error once a process, and has no option against it."""

SIGN_BIT = np.uint8(0x80)
"""Flips a uint8 pixel into the int8 `pixel - 128`, bit for bit."""


def load_runtime() -> Any:
    """The interpreter module: LiteRT, or tflite-runtime where only that is installed.

    Raises:
        MissingOutsideError: neither is installed.
    """
    for name in RUNTIMES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingOutsideError(
        "no TFLite runtime: wanted ai-edge-litert (or tflite-runtime); pip install ai-edge-litert"
    )


OpenInterpreter = Callable[[Path, int], Any]
"""Makes an interpreter of a model file and a number of threads."""


def _check_tensor(spec: TensorSpec, found: dict[str, Any], model: Path) -> None:
    """The file's tensor must match the manifest, or every later number would be wrong."""
    scale, zero_point = found["quantization"]
    got = TensorSpec(
        found["name"],
        tuple(int(size) for size in found["shape"]),
        np.dtype(found["dtype"]).name,
        float(scale),
        int(zero_point),
    )
    same = (got.shape, got.dtype, got.zero_point) == (spec.shape, spec.dtype, spec.zero_point)
    if not same or not np.isclose(got.scale, spec.scale, rtol=1e-6):
        raise BadInputError(f"model {model}: tensor {spec.name} is {got}, its manifest says {spec}; {REMEDY}")


def find_tensor(spec: TensorSpec, details: list[dict[str, Any]], model: Path) -> dict[str, Any]:
    """The interpreter's entry for a manifest's tensor, by name, checked.

    Raises:
        BadInputError: no tensor of that name, or another shape, type or quantisation.
    """
    for found in details:
        if found["name"] == spec.name:
            _check_tensor(spec, found, model)
            return found
    names = ", ".join(found["name"] for found in details)
    raise BadInputError(f"model {model} has no tensor {spec.name!r}, only {names}; {REMEDY}")


def load_interpreter(model: Path, threads: int, remedy: str = REMEDY) -> Any:
    """An interpreter of the file, tensors allocated.

    Raises:
        BadInputError: the runtime cannot load it.
        MissingOutsideError: no TFLite runtime is installed.
    """
    runtime = load_runtime()
    try:
        with without_lines(XNNPACK_NOTE):
            interpreter = runtime.Interpreter(model_path=str(model), num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BadInputError(f"model {model} cannot be loaded ({error}); {remedy}") from error
    return interpreter


def fill_input(
    pixels: NDArray[np.uint8], pixel_offset: int, buffer: NDArray[np.int8] | NDArray[np.float32]
) -> None:
    """Pixels (H, W, 3) as the network's input (H, W, 3), in place: int8 or float by the buffer's type."""
    if buffer.dtype == np.int8:
        np.bitwise_xor(pixels, SIGN_BIT, out=buffer.view(np.uint8))
    else:
        np.multiply(pixels - np.float32(pixel_offset), np.float32(1 / 128), out=buffer)
