"""Station 7: the int8 gate, then the product with its metrics and the report of how it was made."""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convert.compare import FLOAT, INT8, PYTORCH
from convert.handover import read_handover
from convert.job import Job
from convert.report import make_report
from device.contract.errors import GateError
from device.contract.files import write_whole, write_whole_bytes
from device.contract.manifest import manifest_path_of, read_model_manifest, write_manifest


def settings(job: Job) -> dict[str, Any]:
    """The gate."""
    return {"int8_budget_points": job.settings.int8_budget_points}


def passes_gate(loss_points: float, budget_points: float) -> bool:
    """Whether int8 keeps within its budget; NaN does not."""
    return loss_points <= budget_points


def manifest_metrics(comparison: Mapping[str, Any], name: str) -> dict[str, float]:
    """What a manifest says was measured of one model: fractions, keyed by set and figure."""
    figures = {
        f"validation_{key}": value
        for key, value in comparison["models"][name].items()
        if isinstance(value, float)
    }
    pytorch = comparison["models"][PYTORCH]["nme_interocular"]
    return {**figures, "validation_nme_interocular_pytorch": pytorch}


def deliver_model(model: Path, out: Path, metrics: dict[str, float]) -> None:
    """Copy a checked model out of the work folder and write its manifest with metrics beside it."""
    manifest = dataclasses.replace(read_model_manifest(model), metrics=metrics)

    def fill(beside: Path) -> None:
        shutil.copyfile(model, beside)

    write_whole(out / model.name, fill)
    write_manifest(manifest, manifest_path_of(out / model.name))
    # Read back as the device will: the pair on the disk, not the one in memory.
    read_model_manifest(out / model.name)


def _withdraw(job: Job) -> None:
    """Take back an older product: it is not what this report is about."""
    for path in job.delivered:
        path.unlink(missing_ok=True)


def run(job: Job) -> str:
    """Deliver, or write the report alone and say why.

    Raises:
        GateError: int8 costs more than the budget.
    """
    comparison = json.loads(job.comparison.read_text(encoding="utf-8"))
    loss, budget = comparison["int8_loss_points"], job.settings.int8_budget_points
    passed = passes_gate(loss, budget)
    if passed:
        for model, name in zip(job.models, (INT8, FLOAT), strict=True):
            deliver_model(model, job.out, manifest_metrics(comparison, name))
    else:
        _withdraw(job)
    report = make_report(job, read_handover(job.description), comparison, passed)
    write_whole_bytes(job.report, (json.dumps(report, indent=1) + "\n").encode())
    if not passed:
        raise GateError(
            f"int8 costs {loss:.3f} percentage points of NME, wanted at most {budget:g}: the files stay in "
            f"{job.work}; train with ranges that int8 can hold, or allow more with --int8-budget"
        )
    return f"student.tflite and its manifest in {job.out}"
