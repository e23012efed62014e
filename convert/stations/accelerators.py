"""Station 6: how the int8 file maps to the Edge TPU and to Arm's NPUs, and operators that would map better.

Vela runs where its environment is built (`make ethos-u`); without it the report says so.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from convert.edgetpu.fit import EdgeTpuFit, fit_of, status_rows
from convert.edgetpu.replacements import replacements
from convert.environments import ETHOS_U
from convert.ethosu.vela import TARGETS as NPUS
from convert.ethosu.vela import NpuFigures, compile_for
from convert.handover.description import TARGETS, Handover, read_handover
from convert.job import Job
from convert.tflite.file import read_graph
from device.contract.errors import GateError, MissingOutsideError
from device.contract.files import write_whole_bytes


def _interpreter() -> Path | None:
    """The interpreter of Vela's environment, or None where it is not built."""
    try:
        return ETHOS_U.find(os.environ)
    except MissingOutsideError:
        return None


def settings(job: Job) -> dict[str, Any]:
    """Vela's version, or None."""
    del job
    interpreter = _interpreter()
    return {"ethos_u": ETHOS_U.versions(interpreter) if interpreter else None}


def _edgetpu(fit: EdgeTpuFit) -> dict[str, Any]:
    largest = fit.largest_activation
    return {
        "mapped": fit.mapped,
        "unmapped": fit.unmapped,
        "fully_mapped": fit.fully_mapped,
        "before_the_cpu": fit.before_the_cpu,
        "parameter_bytes": fit.parameter_bytes,
        "largest_activation": [] if largest is None else list(largest.shape),
        "statuses": [list(row) for row in status_rows(fit)],
    }


def _vela(interpreter: Path, model: Path) -> list[NpuFigures]:
    with tempfile.TemporaryDirectory(prefix="vela-") as folder:
        return [compile_for(interpreter, model, target, Path(folder) / target.name) for target in NPUS]


def _check(model: Path, fit: EdgeTpuFit, npus: list[NpuFigures], target: str) -> None:
    """The target's accelerators run every operator.

    Raises:
        GateError: an operator is left to the CPU.
    """
    if "edgetpu" in TARGETS[target] and not fit.fully_mapped:
        first = next(verdict for verdict in fit.operators if not verdict.mapped)
        raise GateError(
            f"{model} leaves {fit.unmapped} operators to the CPU beside the Edge TPU, first {first.name} "
            f"({first.reason}), wanted none: `python -m convert check` names friendlier ones, `--target cpu` "
            f"lets them pass"
        )
    broken = [npu for npu in npus if not npu.whole]
    if "ethos-u" in TARGETS[target] and broken:
        raise GateError(
            f"{model} leaves {broken[0].cpu_operators} operators to the CPU beside {broken[0].target}, "
            f"wanted none: `python -m convert ethos-u` keeps Vela's reasons, `--target cpu` lets them pass"
        )


def run(job: Job) -> str:
    """Check the int8 file against the accelerators and keep the result."""
    graph = read_graph(job.int8_model)
    fit = fit_of(graph)
    interpreter = _interpreter()
    npus = _vela(interpreter, job.int8_model) if interpreter else []
    found = replacements(graph)
    record = {
        "edgetpu": _edgetpu(fit),
        "ethos_u": [npu.to_dict() for npu in npus],
        "friendlier": [replacement.sentence() for replacement in found] if not fit.fully_mapped else [],
    }
    write_whole_bytes(job.npu, (json.dumps(record, indent=1) + "\n").encode())
    handover = read_handover(job.description)
    _check(job.int8_model, fit, npus, handover.target if isinstance(handover, Handover) else "npu")
    on_npu = (
        "Vela not built" if not npus else f"{sum(npu.whole for npu in npus)} of {len(npus)} Ethos-U whole"
    )
    return f"Edge TPU {fit.mapped} of {len(fit.operators)} operators, {on_npu}"
