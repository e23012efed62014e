"""int8 files for Arm's Ethos-U NPUs and for plain microcontrollers, with one table of what they cost."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from convert.environments import ETHOS_U
from convert.ethosu.micro import MicroFit, measure, write_sources
from convert.ethosu.vela import TARGETS, NpuFigures, compile_for
from convert.tflite.file import read_graph
from device.contract.errors import BadInputError, GateError
from device.contract.files import sha256_of, write_whole_bytes
from device.contract.manifest import manifest_path_of

KIB = 1024


@dataclass(frozen=True)
class ModelCosts:
    """One model on every target."""

    name: str
    model: Path
    micro: MicroFit
    npus: tuple[NpuFigures, ...]

    def to_dict(self) -> dict[str, Any]:
        """As ethos-u.json holds it."""
        return {
            "name": self.name,
            "model": self.model.name,
            "sha256": sha256_of(self.model),
            "micro": {
                "arena_bytes": self.micro.arena_bytes,
                "model_bytes": self.micro.model_bytes,
                "operators": list(self.micro.operators),
            },
            "targets": [figures.to_dict() for figures in self.npus],
        }


def name_of(model: Path) -> str:
    """The manifest's name where there is one beside the file, else the file's, fit for a folder.

    Raises:
        BadInputError: the manifest is not readable JSON.
    """
    manifest = manifest_path_of(model)
    name = model.stem
    if manifest.is_file():
        try:
            name = str(json.loads(manifest.read_text(encoding="utf-8"))["name"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInputError(
                f"manifest {manifest} has no readable name ({error}), wanted JSON with `name`: write it "
                f"again with `make convert`"
            ) from error
    return re.sub(r"[^\w-]", "_", name)


def _check_int8(model: Path) -> None:
    """Refuse a float file, which Vela would leave to the CPU silently."""
    graph = read_graph(model)
    taken = [tensor.dtype for tensor in graph.inputs]
    if taken != ["int8"]:
        raise BadInputError(f"{model} takes {taken}, wanted one int8 input: give the int8 file")


def cost(interpreter: Path, model: Path, out: Path) -> ModelCosts:
    """Compile a model for every target and write its C sources, all under `out`.

    Raises:
        BadInputError: not an int8 .tflite file.
        LandmarksError: a compiler failed.
    """
    _check_int8(model)
    name = name_of(model)
    npus = tuple(compile_for(interpreter, model, target, out / target.name) for target in TARGETS)
    micro = measure(interpreter, model)
    write_sources(model, name, micro, out / "micro")
    return ModelCosts(name, model, micro, npus)


def check_whole(costs: Sequence[ModelCosts]) -> None:
    """Every operator of every model runs on every NPU.

    Raises:
        GateError: one does not.
    """
    for model in costs:
        for npu in model.npus:
            if not npu.whole:
                raise GateError(
                    f"{model.model} leaves {npu.cpu_operators} operators to the CPU on {npu.target} "
                    f"({', '.join(npu.left_to_the_cpu[:3]) or 'none compiled'}), wanted none: vela.log "
                    f"beside the compiled file says why; `python -m convert check` names friendlier ones"
                )


def table(costs: Sequence[ModelCosts]) -> str:
    """One row for each model and target, in Markdown."""
    rows = [
        "| model | target | on the NPU | SRAM KiB | flash KiB | cycles | inferences/s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for model in costs:
        arena, size = model.micro.arena_bytes / KIB, model.micro.model_bytes / KIB
        rows += [
            f"| {model.name} | {npu.target} | {npu.npu_operators} of {npu.npu_operators + npu.cpu_operators} "
            f"| {npu.sram_bytes / KIB:.0f} | {npu.flash_bytes / KIB:.0f} | {npu.cycles:,} "
            f"| {npu.inferences_per_second:.0f} |"
            for npu in model.npus
        ]
        rows.append(f"| {model.name} | no NPU (Micro) | | {arena:.0f} | {size:.0f} | | |")
    return "\n".join(rows)


def compile_models(
    models: Sequence[Path], out: Path, environment: Mapping[str, str], progress: TextIO
) -> str:
    """Compile all, write OUT/ethos-u.json and OUT/ethos-u.md, and give the table.

    Raises:
        MissingOutsideError: no environment with Vela.
        BadInputError: a file that is not int8, or two models of one name.
        GateError: an operator is left to the CPU.
    """
    interpreter = ETHOS_U.find(environment)
    tools = ETHOS_U.versions(interpreter)
    names = [name_of(model) for model in models]
    if len(set(names)) != len(names):
        raise BadInputError(f"models {names} share a name, wanted different ones: give each its own manifest")
    costs = []
    for name, model in zip(names, models, strict=True):
        costs.append(cost(interpreter, model, out / name))
        print(f"{name}: {len(TARGETS)} targets compiled", file=progress)
    record = {"tools": tools, "models": [model.to_dict() for model in costs]}
    write_whole_bytes(out / "ethos-u.json", (json.dumps(record, indent=1) + "\n").encode())
    write_whole_bytes(out / "ethos-u.md", (table(costs) + "\n").encode())
    check_whole(costs)
    return table(costs)
