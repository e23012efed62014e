"""The int8 gate, and what of the comparison a manifest keeps."""

from pathlib import Path

import pytest

from convert.deliver import manifest_metrics, missed_gates, passes_gate
from convert.job import Job, Settings
from convert.stations.figure import LANDMARK_FIGURE, UNLABELLED_FIGURE


@pytest.mark.parametrize(
    ("loss_points", "passes"),
    [(-0.2, True), (0.0, True), (0.05, True), (0.0501, False), (float("nan"), False)],
)
def test_the_gate_lets_pass_what_keeps_within_the_budget(loss_points, passes):
    assert passes_gate(loss_points, 0.05) is passes


def test_a_manifest_keeps_figures_of_its_own_model_and_pytorchs_for_reference():
    models = {
        "pytorch": {"nme_interocular": 0.04, "auc_at_8": 0.5, "difference": {"heatmap": {"largest": 0.0}}},
        "int8": {"nme_interocular": 0.041, "auc_at_8": 0.49, "difference": {"heatmap": {"largest": 0.3}}},
    }
    assert manifest_metrics({"models": models}, "int8") == {
        "validation_nme_interocular": 0.041,
        "validation_auc_at_8": 0.49,
        "validation_nme_interocular_pytorch": 0.04,
    }


def comparison(figure, error, loss):
    return {"models": {"original": {figure.error_key: error}}, "int8_loss_points": loss}


def complaints(figure, error, loss):
    job = Job(Path(), Path(), Path(), Settings(int8_budget_points=0.1, max_error_percent=15.0))
    return missed_gates(job, comparison(figure, error, loss), figure, "original")


def test_an_untrained_network_is_refused_though_int8_costs_it_nothing():
    (complaint,) = complaints(LANDMARK_FIGURE, 0.6, 0.0001)
    assert complaint.startswith("the float network has 60.0 % NME, wanted at most 15 %")
    assert complaints(LANDMARK_FIGURE, 0.04, 0.0001) == []


def test_without_labels_mirrored_faces_and_moved_points_decide():
    assert "of moved" in complaints(UNLABELLED_FIGURE, 0.02, 0.2)[0]
    (complaint,) = complaints(UNLABELLED_FIGURE, float("nan"), 0.0)
    assert "mirror error" in complaint
