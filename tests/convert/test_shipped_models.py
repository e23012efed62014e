"""The models in the repository: nothing moves data about, nothing is float, int8 costs next to nothing."""

import json
from pathlib import Path

import pytest

from convert.edgetpu.fit import MAPPED, fit_of, status_rows
from convert.stations.check import INT8_RULES, check_graph
from convert.tflite.file import read_graph

FOLDER = Path(__file__).parents[2] / "device" / "models"
MODELS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.tflite"))
LANDMARK_MODELS = [model for model in MODELS if model.endswith("/student")]
BUDGET_POINTS = 0.03
"""Percentage points of NME that int8 may cost a shipped landmark model."""


def test_the_folder_holds_landmark_models_and_the_finder():
    assert {"small/student", "finder/finder"} <= set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_the_operators_are_convolutions_sums_and_upsampling_and_no_float_is_inside(model):
    path = FOLDER / f"{model}.tflite"
    graph = read_graph(path)
    check_graph(graph, INT8_RULES, path)
    names = {node.name for node in graph.operators}
    assert not names & {"TRANSPOSE", "QUANTIZE", "DEQUANTIZE", "RESHAPE", "MEAN"}
    assert len(graph.operators) > 40


@pytest.mark.parametrize("model", MODELS)
def test_every_operator_maps_to_the_edge_tpu_by_its_rules(model):
    fit = fit_of(read_graph(FOLDER / f"{model}.tflite"))
    assert fit.fully_mapped
    assert fit.mapped > 40
    assert {status for _, _, status in status_rows(fit)} == {MAPPED}


@pytest.mark.parametrize("model", LANDMARK_MODELS)
def test_int8_keeps_within_the_budget_that_its_manifest_carries(model):
    manifest = json.loads((FOLDER / f"{model}.json").read_text())
    metrics, conversion = manifest["metrics"], manifest["provenance"]["conversion"]
    lost = metrics["validation_nme_interocular"] - metrics["validation_nme_interocular_pytorch"]
    assert 100 * lost <= conversion["int8_budget_points"] <= BUDGET_POINTS
