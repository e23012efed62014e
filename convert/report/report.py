"""The conversion report as JSON and as a table: files, tools, and how well the forms agree."""

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from convert.artifact import Artifact
from convert.handover.description import AnyHandover
from convert.job import Job
from convert.report.page import figure_of_report, forms_of_report
from convert.stations.figure import Figure, figure_of, original_of
from convert.stations.onnx2tf import converter_tools
from convert.tflite.file import read_graph

REPORT_SCHEMA = 1
OWN_TOOLS = ("onnx", "onnxruntime", "ai-edge-litert", "numpy")


def tools_used(job: Job) -> dict[str, dict[str, str]]:
    """Versions in our environment and in the converter's."""
    own = {"python": platform.python_version(), **{name: version(name) for name in OWN_TOOLS}}
    return {"own": own, "converter": converter_tools(job.converter)}


def _tensors(model: Path) -> list[dict[str, Any]]:
    """Quantisation of a file's inputs and outputs, in the file's order."""
    graph = read_graph(model)
    return [
        {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "dtype": tensor.dtype,
            "scales": list(tensor.scales),
            "zero_points": list(tensor.zero_points),
        }
        for tensor in (*graph.inputs, *graph.outputs)
    ]


def _ranges(model: Path) -> list[dict[str, Any]]:
    """Real range of every tensor that the int8 file computes, in order."""
    graph = read_graph(model)
    rows = []
    for node in graph.operators:
        made = graph.tensors[node.outputs[0]]
        if not made.scales:
            continue
        scale, zero_point, limits = made.scales[0], made.zero_points[0], np.iinfo(made.dtype)
        rows.append(
            {
                "operator": node.name,
                "least": scale * (int(limits.min) - zero_point),
                "most": scale * (int(limits.max) - zero_point),
                "scale": scale,
                "zero_point": zero_point,
            }
        )
    return rows


def make_report(
    job: Job, handover: AnyHandover, comparison: Mapping[str, Any], passed: bool
) -> dict[str, Any]:
    """conversion.json; artifacts are those on the disk when it is called."""
    inputs = (job.description, job.network, job.calibration, job.validation, job.reference)
    extra: tuple[Path, ...] = (job.float16_model, job.int16_model) if job.settings.everything else ()
    extra += (job.float_tail_model,) if job.settings.float_tail else ()
    made = (*job.delivered, job.onnx, *job.models, *job.manifests, *extra)
    variants = job.variants if job.settings.everything else None
    return {
        "schema": REPORT_SCHEMA,
        "name": handover.name,
        "stem": job.stem,
        "figure": figure_of(handover).key,
        "original": original_of(handover),
        "provenance": handover.provenance,
        "network": json.loads(job.network_facts.read_text(encoding="utf-8")),
        "handover": [Artifact.of(path).entry(job.handover) for path in inputs],
        "artifacts": [Artifact.of(path).entry(job.out) for path in made if path.is_file()],
        "tools": tools_used(job),
        "operators": json.loads(job.operators.read_text(encoding="utf-8")),
        "tensors": {model.name: _tensors(model) for model in job.models},
        "ranges": _ranges(job.int8_model),
        "accelerators": json.loads(job.npu.read_text(encoding="utf-8")),
        "float_tail": json.loads(job.float_tail.read_text(encoding="utf-8"))
        if job.settings.float_tail
        else None,
        "variants": json.loads(variants.read_text(encoding="utf-8")) if variants else None,
        "calibration_crops_at_most": job.settings.calibration_crops,
        "comparison": dict(comparison),
        "gate": {
            "int8_loss_points": comparison["int8_loss_points"],
            "int8_budget_points": job.settings.int8_budget_points,
            "max_error_percent": job.settings.max_error_percent,
            "passed": passed,
        },
    }


def _row(title: str, size: str, figures: Mapping[str, Any], figure: Figure) -> str:
    moved = figures["difference"][figure.moved_key]
    return (
        f"{title:<16}{size:>10}{100 * figures[figure.key]:>9.3f}"
        f"{100 * figures[figure.second_key]:>10.2f}{moved['mean']:>10.4f}{moved['largest']:>10.4f}"
    )


def summary_table(report: Mapping[str, Any]) -> str:
    """The comparison as a text table: one line per form of the network, then the gate."""
    figure = figure_of_report(report)
    comparison, gate = report["comparison"], report["gate"]
    head = (
        f"{'':<16}{'bytes':>10}{figure.name + ' %':>9}{figure.second_name + ' %':>10}"
        f"{figure.moved_name:>10}{'at most':>10}"
    )
    forms = forms_of_report(report)
    rows = [_row(form["title"], form["size"], form["figures"], figure) for form in forms]
    low, high = comparison["int8_loss_interval_points"]
    worst = comparison["worst_face"]
    verdict = (
        f"int8 costs {gate['int8_loss_points']:+.4f} percentage points of {figure.name} on "
        f"{comparison['validation_crops']} crops (95 % interval {low:+.4f} to {high:+.4f}, budget "
        f"{gate['int8_budget_points']:g}; worst: crop {worst['crop']} with {worst['loss_points']:+.2f})"
    )
    return "\n".join(
        [f"{report['name']}: {report['network']['parameters']:,} parameters", head, *rows, verdict]
    )
