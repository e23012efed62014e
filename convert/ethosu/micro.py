"""The int8 file for TensorFlow Lite Micro: a C array, the arena it needs, the operators to register.

The arena is measured by TensorFlow Lite Micro's own interpreter on this 64-bit machine, where its
bookkeeping takes more than on a 32-bit microcontroller: the figure is enough there, not the least. The
same interpreter's outputs must be those of LiteRT's reference kernels, bit by bit. (LiteRT's fast kernels
round a little differently: on a face, 0.3 steps of the map's scale in the mean.)
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.tflite.file import Graph, read_graph
from device.contract.errors import GateError, LandmarksError
from device.contract.files import sha256_of, write_whole_bytes

WORKER = Path(__file__).with_name("micro_worker.py")
BYTES_PER_LINE = 16
METHODS = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "L2_POOL_2D": "AddL2Pool2D",
    "SPACE_TO_BATCH_ND": "AddSpaceToBatchNd",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}
"""MicroMutableOpResolver's methods that are not the operator's name in capitals and small letters."""


def method_of(operator: str) -> str:
    """The MicroMutableOpResolver method that registers an operator: CONV_2D gives AddConv2D."""
    if operator in METHODS:
        return METHODS[operator]
    words = (word if word == "2D" else word.capitalize() for word in operator.split("_"))
    return "Add" + "".join(words)


@dataclass(frozen=True)
class MicroFit:
    """What a microcontroller must provide for the model."""

    arena_bytes: int
    model_bytes: int
    operators: tuple[str, ...]
    """Methods of MicroMutableOpResolver to call, in alphabetical order."""


def _litert_outputs(model: Path, values: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        str(model),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details()]


def _sample(graph: Graph) -> NDArray[np.generic]:
    """One input of plain noise in the model's own integers, always the same."""
    taken = graph.inputs[0]
    limits = np.iinfo(taken.dtype)
    return np.random.default_rng(0).integers(limits.min, limits.max, taken.shape, taken.dtype, endpoint=True)


def measure(interpreter: Path, model: Path) -> MicroFit:
    """Run a model in TensorFlow Lite Micro.

    Raises:
        LandmarksError: it has no kernel for an operator, or the worker failed.
        GateError: its outputs are not LiteRT's.
    """
    graph = read_graph(model)
    values = _sample(graph)
    with tempfile.TemporaryDirectory(prefix="micro-") as folder:
        sample = Path(folder) / "input.npy"
        np.save(sample, values)
        ended = subprocess.run(
            [
                str(interpreter.absolute()),
                *("-I", str(WORKER), str(model.absolute()), str(sample), str(len(graph.outputs))),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if ended.returncode != 0:
        said = (ended.stderr.strip().splitlines() or ["nothing"])[-1]
        raise LandmarksError(f"TensorFlow Lite Micro failed on {model} ({said}), wanted outputs")
    got = json.loads(ended.stdout.splitlines()[-1])
    if not got["arena_bytes"]:
        raise LandmarksError(f"TensorFlow Lite Micro cannot hold {model}: an operator has no kernel there")
    _check_same(model, got["outputs"], _litert_outputs(model, values))
    names = sorted({method_of(node.name) for node in graph.operators})
    return MicroFit(int(got["arena_bytes"]), model.stat().st_size, tuple(names))


def _check_same(model: Path, got: list[list[int]], wanted: Iterable[NDArray[np.generic]]) -> None:
    for place, (ours, theirs) in enumerate(zip(got, wanted, strict=True)):
        differing = int((np.array(ours, np.int64) != theirs.astype(np.int64).ravel()).sum())
        if differing:
            raise GateError(
                f"{model} gives other numbers in TensorFlow Lite Micro than in LiteRT ({differing} of output "
                f"{place}), wanted the same bits: its kernels are of another version"
            )


def _header(name: str, digest: str, fit: MicroFit) -> str:
    calls = "\n".join(f"  resolver.{method}();" for method in fit.operators)
    return f"""\
// {name}.tflite, sha256 {digest}: written by `python -m convert ethos-u`.
#pragma once
#include <cstddef>
#include <cstdint>

extern const unsigned char {name}_model[];
constexpr std::size_t {name}_model_bytes = {fit.model_bytes};
// Enough for tflite::MicroInterpreter; measured on a 64-bit machine.
constexpr std::size_t {name}_arena_bytes = {fit.arena_bytes};
constexpr int {name}_operator_kinds = {len(fit.operators)};

// Give it a tflite::MicroMutableOpResolver<{name}_operator_kinds>.
template <typename Resolver>
void add_{name}_operators(Resolver& resolver) {{
{calls}
}}
"""


def _array(name: str, content: bytes) -> bytes:
    """The file as a C array that the linker keeps in flash."""
    rows = (content[start : start + BYTES_PER_LINE] for start in range(0, len(content), BYTES_PER_LINE))
    lines = "\n".join("  " + ",".join(f"0x{byte:02x}" for byte in row) + "," for row in rows)
    text = f'#include "{name}.h"\n\nalignas(16) const unsigned char {name}_model[] = {{\n{lines}\n}};\n'
    return text.encode()


def identifier_of(name: str) -> str:
    """A model's name as C spells it: letters, digits and _, no digit first."""
    identifier = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"model_{identifier}" if identifier[:1].isdigit() else identifier


def write_sources(model: Path, name: str, fit: MicroFit, out: Path) -> None:
    """NAME.h and NAME.cc, whose name is spelt as C wants it.

    Raises:
        WriteFailedError: `out` cannot be written.
    """
    name = identifier_of(name)
    write_whole_bytes(out / f"{name}.h", _header(name, sha256_of(model), fit).encode())
    write_whole_bytes(out / f"{name}.cc", _array(name, model.read_bytes()))
