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
from convert.report.page import page
from convert.report.pictures import pictures
from convert.report.report import make_report
from convert.stations.compare import FLOAT, INT8, PYTORCH
from convert.stations.figure import LANDMARK_FIGURE, Figure, figure_of, original_of
from convert.stations.manifests import copy_scheme
from device.contract.errors import GateError
from device.contract.files import write_whole, write_whole_bytes
from device.contract.finder_manifest import FinderManifest, read_finder_model
from device.contract.manifest import ModelManifest, manifest_path_of, read_model_manifest, write_manifest


def settings(job: Job) -> dict[str, Any]:
    """The gate."""
    limits = job.settings
    return {
        "int8_budget_points": limits.int8_budget_points,
        "max_error_percent": limits.max_error_percent,
    }


def passes_gate(loss_points: float, budget_points: float) -> bool:
    """Whether a figure keeps within its limit; NaN does not."""
    return loss_points <= budget_points


def manifest_metrics(
    comparison: Mapping[str, Any], name: str, figure: Figure = LANDMARK_FIGURE, original: str = PYTORCH
) -> dict[str, float]:
    """What a manifest says was measured of one model: fractions, keyed by set and figure."""
    figures = {
        f"validation_{key}": value
        for key, value in comparison["models"][name].items()
        if isinstance(value, float)
    }
    before = comparison["models"][original][figure.key]
    return {**figures, f"validation_{figure.key}_{original}": before}


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


def missed_gates(job: Job, comparison: Mapping[str, Any], figure: Figure, original: str) -> list[str]:
    """What is wrong with the float network itself, and with int8."""
    limits, loss = job.settings, comparison["int8_loss_points"]
    error = 100 * comparison["models"][original][figure.error_key]
    complaints = []
    if not passes_gate(error, limits.max_error_percent):
        complaints.append(
            f"the float network has {error:.1f} % {figure.error_name}, wanted at most "
            f"{limits.max_error_percent:g} %: it is not trained for these crops, or their normalisation, "
            f"margin or points differ from its training; --max-error allows more"
        )
    if not passes_gate(loss, limits.int8_budget_points):
        complaints.append(
            f"int8 costs {loss:.3f} percentage points of {figure.name}, wanted at most "
            f"{limits.int8_budget_points:g}: train with ranges that int8 can hold, or allow more with "
            f"--int8-budget"
        )
    return complaints


def _withdraw(job: Job) -> None:
    """Remove an older product, which this report is not about."""
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
    original, complaints = original_of(handover), missed_gates(job, comparison, figure, original_of(handover))
    passed, budget = not complaints, job.settings.int8_budget_points
    if passed:
        copy_scheme(handover, job.handover, job.out)
        for model, name in zip(job.models, (INT8, FLOAT), strict=True):
            deliver_model(model, job.out, manifest_metrics(comparison, name, figure, original), budget, read)
    else:
        _withdraw(job)
    report = make_report(job, handover, comparison, passed)
    write_whole_bytes(job.report, (json.dumps(report, indent=1) + "\n").encode())
    write_whole_bytes(job.page, page(report, pictures(job, handover)).encode())
    if not passed:
        raise GateError(f"{complaints[0]}; the files stay in {job.work}")
    return f"{job.int8_model.name} and its manifest in {job.out}"
