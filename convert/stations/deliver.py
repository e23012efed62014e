"""Station 7: the int8 gate, then the product with its metrics and the report of how it was made."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from convert.handover.description import read_handover
from convert.handover.finder import FinderHandover
from convert.job import Job
from convert.report.figure import LANDMARK_FIGURE, Figure, figure_of
from convert.report.page import page
from convert.report.pictures import pictures
from convert.report.report import make_report
from convert.stations.compare import FLOAT, INT8, PYTORCH
from device.contract.errors import GateError
from device.contract.files import write_whole, write_whole_bytes
from device.contract.finder_manifest import FinderManifest, read_finder_model
from device.contract.manifest import ModelManifest, manifest_path_of, read_model_manifest, write_manifest


def settings(job: Job) -> dict[str, Any]:
    """The gate."""
    return {"int8_budget_points": job.settings.int8_budget_points}


def passes_gate(loss_points: float, budget_points: float) -> bool:
    """Whether int8 keeps within its budget; NaN does not."""
    return loss_points <= budget_points


def manifest_metrics(
    comparison: Mapping[str, Any], name: str, figure: Figure = LANDMARK_FIGURE
) -> dict[str, float]:
    """What a manifest says was measured of one model: fractions, keyed by set and figure."""
    figures = {
        f"validation_{key}": value
        for key, value in comparison["models"][name].items()
        if isinstance(value, float)
    }
    pytorch = comparison["models"][PYTORCH][figure.key]
    return {**figures, f"validation_{figure.key}_pytorch": pytorch}


def deliver_model(
    model: Path,
    out: Path,
    metrics: dict[str, float],
    budget_points: float,
    read: Callable[[Path], ModelManifest | FinderManifest] = read_model_manifest,
) -> None:
    """Copy a checked model out of the work folder and write its manifest with metrics beside it.

    The budget travels in the manifest: a later conversion or a test can hold the model to it.
    """
    checked = read(model)
    conversion = {**checked.provenance.get("conversion", {}), "int8_budget_points": budget_points}
    provenance = {**checked.provenance, "conversion": conversion}
    manifest = msgspec.structs.replace(checked, metrics=metrics, provenance=provenance)

    def fill(beside: Path) -> None:
        shutil.copyfile(model, beside)

    write_whole(out / model.name, fill)
    write_manifest(manifest, manifest_path_of(out / model.name))
    # Read back as the device will: the pair on the disk, not the one in memory.
    read(out / model.name)


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
    handover = read_handover(job.description)
    figure = figure_of(handover)
    read = read_finder_model if isinstance(handover, FinderHandover) else read_model_manifest
    loss, budget = comparison["int8_loss_points"], job.settings.int8_budget_points
    passed = passes_gate(loss, budget)
    if passed:
        for model, name in zip(job.models, (INT8, FLOAT), strict=True):
            deliver_model(model, job.out, manifest_metrics(comparison, name, figure), budget, read)
    else:
        _withdraw(job)
    report = make_report(job, handover, comparison, passed)
    write_whole_bytes(job.report, (json.dumps(report, indent=1) + "\n").encode())
    write_whole_bytes(job.page, page(report, pictures(job, handover)).encode())
    if not passed:
        raise GateError(
            f"int8 costs {loss:.3f} percentage points of {figure.name}, wanted at most {budget:g}: "
            f"the files stay in {job.work}; train with ranges that int8 can hold, or allow more with "
            f"--int8-budget"
        )
    return f"{job.int8_model.name} and its manifest in {job.out}"
