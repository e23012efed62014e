"""The models in the repository: nothing moves data about, nothing is float, int8 costs next to nothing."""

import json

import pytest

from convert.check import INT8_RULES, check_graph
from convert.tflite_file import read_graph

MODELS = ("small/student", "finder/finder")
BUDGET_POINTS = 0.03
"""Percentage points of NME that int8 may cost of a shipped landmark model."""


@pytest.mark.parametrize("model", MODELS)
def test_the_operators_are_convolutions_sums_and_upsampling_and_no_float_is_inside(root, model):
    path = root / "device" / "models" / f"{model}.tflite"
    graph = read_graph(path)
    check_graph(graph, INT8_RULES, path)
    names = {node.name for node in graph.operators}
    assert not names & {"TRANSPOSE", "QUANTIZE", "DEQUANTIZE", "RESHAPE", "MEAN"}
    assert len(graph.operators) > 40


def test_int8_keeps_within_the_budget_by_the_manifests_own_figures(root):
    manifest = json.loads((root / "device" / "models" / "small" / "student.json").read_text())
    metrics, conversion = manifest["metrics"], manifest["provenance"]["conversion"]
    lost = metrics["validation_nme_interocular"] - metrics["validation_nme_interocular_pytorch"]
    assert 100 * lost <= conversion.get("int8_budget_points", BUDGET_POINTS) <= BUDGET_POINTS
