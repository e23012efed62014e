"""The real Edge TPU compiler on one int8 file, its log read, its output checked before it is believed.

Nothing here says "compiled" without the compiler: it is Google's own program for x86-64 Debian, from the
package archive of Coral (`edgetpu-compiler`); there is no package called edgetpu-compiler-tools.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from convert.edgetpu.fit import fit_of
from convert.handover.finder import FINDER_TASK
from convert.tflite.file import Graph, read_graph
from device.contract.errors import BadInputError, GateError, MissingOutsideError
from device.contract.files import sha256_of, write_whole, write_whole_bytes
from device.contract.finder_manifest import FinderManifest, read_finder_model
from device.contract.manifest import (
    ModelManifest,
    manifest_path_of,
    read_model_manifest,
    write_manifest,
)

PROGRAM = "edgetpu_compiler"
COMPILED_OPERATOR = "edgetpu-custom-op"
TIMEOUT_SECONDS = 900
HOW_TO_GET_IT = (
    "x86-64 Debian only, package edgetpu-compiler from https://packages.cloud.google.com/apt "
    "coral-edgetpu-stable; the int8 file ships as it is"
)

COUNT = re.compile(r"^Number of operations that will run on (Edge TPU|CPU): (\d+)", re.MULTILINE)
TOTAL = re.compile(r"^Total number of operations: (\d+)", re.MULTILINE)
VERSION = re.compile(r"Edge TPU Compiler version (\S+)")
ROW = re.compile(r"^([A-Z][A-Z0-9_]*)\s+(\d+)\s+(\S.*?)\s*$", re.MULTILINE)
MEMORY = re.compile(r"^(On|Off)-chip memory (used|remaining)[^:]*: ([\d.]+)(B|KiB|MiB|GiB)$", re.MULTILINE)
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
MAPPED = "Mapped to Edge TPU"


@dataclass(frozen=True)
class CompilerLog:
    """What the compiler's log reports of a model."""

    version: str
    on_edgetpu: int
    on_cpu: int
    cached_bytes: int
    """Parameters kept on the chip."""
    streamed_bytes: int
    """Parameters sent at each inference."""
    rows: tuple[tuple[str, int, str], ...]
    """Operator, count, status."""


def parse_log(text: str) -> CompilerLog:
    """Read what `edgetpu_compiler -s` prints.

    Raises:
        GateError: it is no log of a finished compilation.
    """
    version, total = VERSION.search(text), TOTAL.search(text)
    rows = tuple((name, int(count), status) for name, count, status in ROW.findall(text))
    if version is None or total is None or not rows:
        said = (text.strip().splitlines() or ["nothing"])[-1]
        raise GateError(f"{PROGRAM} compiled nothing ({said}), wanted its table of operators")
    counts = {where: int(number) for where, number in COUNT.findall(text)}
    # Both lines are left out when everything maps.
    mapped = sum(count for _, count, status in rows if status == MAPPED)
    sizes = {
        (place, use): round(float(number) * UNITS[unit]) for place, use, number, unit in MEMORY.findall(text)
    }
    return CompilerLog(
        version=version.group(1),
        on_edgetpu=counts.get("Edge TPU", mapped),
        on_cpu=counts.get("CPU", int(total.group(1)) - mapped),
        cached_bytes=sizes.get(("On", "used"), 0),
        streamed_bytes=sizes.get(("Off", "used"), 0),
        rows=rows,
    )


def find_compiler(environment: Mapping[str, str]) -> Path:
    """The compiler on the PATH.

    Raises:
        MissingOutsideError: it is not there.
    """
    found = shutil.which(PROGRAM, path=environment.get("PATH", ""))
    if found is None:
        raise MissingOutsideError(f"no {PROGRAM} on the PATH, wanted Google's 16.0 ({HOW_TO_GET_IT})")
    return Path(found)


def _read_pair(model: Path) -> ModelManifest | FinderManifest:
    """The manifest beside the model, of whichever task it is."""
    if model.stem == FINDER_TASK:
        return read_finder_model(model)
    return read_model_manifest(model)


def _compile(compiler: Path, model: Path, folder: Path) -> tuple[str, Path]:
    """Run the compiler in a scratch folder; what it printed, and the file it made.

    Raises:
        GateError: it failed, hung or wrote no file.
    """
    try:
        ended = subprocess.run(
            [compiler, "--show_operations", "--out_dir", folder, model.absolute()],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GateError(f"{PROGRAM} did not end on {model} within {TIMEOUT_SECONDS} s") from error
    said = ended.stdout + ended.stderr
    made = folder / f"{model.stem}_edgetpu.tflite"
    if ended.returncode != 0 or not made.is_file():
        lines = [line for line in said.splitlines() if line.strip()] or ["nothing"]
        raise GateError(
            f"{PROGRAM} refused {model} ({' | '.join(lines[-2:])}), wanted a compiled file: "
            f"`python -m convert check` says which operators it minds"
        )
    return said, made


def check_compiled(graph: Graph, path: Path, before: Graph) -> None:
    """One custom operator and nothing left over, with the same inputs and outputs.

    Raises:
        GateError: anything else.
    """
    names = [node.name for node in graph.operators]
    if names != [COMPILED_OPERATOR]:
        left = [name for name in names if name != COMPILED_OPERATOR]
        raise GateError(
            f"{path} holds {names.count(COMPILED_OPERATOR)} compiled parts and {len(left)} operators for the "
            f"CPU ({', '.join(left[:3])}), wanted one part alone: `python -m convert check` says why"
        )
    ends = [
        sorted((tensor.shape, tensor.dtype, tensor.scales) for tensor in (*each.inputs, *each.outputs))
        for each in (before, graph)
    ]
    if ends[0] != ends[1]:
        raise GateError(f"{path} has inputs and outputs {ends[1]}, wanted those of the int8 file {ends[0]}")


def _compiled_manifest(
    manifest: ModelManifest | FinderManifest, made: Path, log: CompilerLog
) -> ModelManifest | FinderManifest:
    compiled = {
        "compiler": log.version,
        "int8_sha256": manifest.sha256,
        "cached_bytes": log.cached_bytes,
        "streamed_bytes": log.streamed_bytes,
    }
    return msgspec.structs.replace(
        manifest,
        name=f"{manifest.name}-edgetpu",
        file=made.name,
        sha256=sha256_of(made),
        provenance={**manifest.provenance, "edgetpu": compiled},
    )


def compile_model(model: Path, out: Path, environment: Mapping[str, str]) -> str:
    """Compile an int8 file; OUT gets STEM_edgetpu.tflite, its manifest and the log. A sentence of it.

    Raises:
        MissingOutsideError: no compiler on the PATH.
        BadInputError: the model and its manifest are no pair.
        GateError: the compiler refuses it, or leaves an operator to the CPU.
    """
    compiler = find_compiler(environment)
    manifest = _read_pair(model)
    before = read_graph(model)
    if [tensor.dtype for tensor in before.inputs] != ["int8"]:
        raise BadInputError(f"{model} has no int8 input, wanted the int8 file: the float one cannot compile")
    with tempfile.TemporaryDirectory(prefix="edgetpu-") as scratch:
        said, made = _compile(compiler, model, Path(scratch))
        log = parse_log(said)
        check_compiled(read_graph(made), made, before)
        out.mkdir(parents=True, exist_ok=True)
        write_whole_bytes(out / f"{model.stem}_edgetpu.log", said.encode())

        def fill(beside: Path) -> None:
            shutil.copyfile(made, beside)

        write_whole(out / made.name, fill)
    kept = out / made.name
    write_manifest(_compiled_manifest(manifest, kept, log), manifest_path_of(kept))
    expected = fit_of(before).mapped
    note = "" if expected == log.on_edgetpu else f"; our rules expected {expected}: please report this model"
    return f"{kept}: {log.on_edgetpu} operators on the Edge TPU by compiler {log.version}{note}"
