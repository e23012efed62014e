"""The int8 gate, and what of the comparison a manifest keeps."""

import pytest

from convert.stations.deliver import manifest_metrics, passes_gate


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
