"""A network that fuses its maps in the graph: its int8 file with that part in float."""

import json

import pytest

from convert.__main__ import main
from convert.tflite.file import read_graph
from device.contract.manifest import read_model_manifest
from tests.convert import tiny
from training.models.attention_net import AttentionNet
from training.report.records import nme_of


@pytest.fixture(scope="module")
def fused(tmp_path_factory, converter):
    """OUT of a conversion, with --float-tail, of a network with published heads."""
    import torch

    torch.manual_seed(0)
    plain = {"stem": 8, "widths": [8, 8, 12, 16], "depths": [0, 0, 0, 0], "top": 16}
    network = AttentionNet(68, tiny.SIDE, "plain", plain, width=8, decoder="pyramid", noise=0.0).eval()
    folder = tmp_path_factory.mktemp("fused")
    with pytest.MonkeyPatch.context() as patch:
        codec = {"name": "relu_expectation", "stride": 4, "half_score_px": 6.0}
        description = {**tiny.DESCRIPTION, "codec": codec, "target": "cpu", "presence_learnt": False}
        patch.setattr(tiny, "DESCRIPTION", description)
        handover = tiny.write_handover(folder / "handover", network)
        patch.setenv("LANDMARKS_CONVERT_PYTHON", str(converter))
        words = ["run", str(handover), "--out", str(folder / "model")]
        assert main([*words, "--int8-budget", "1000", "--max-error", "1000", "--float-tail"]) == 0
    return folder


@pytest.mark.convert
@pytest.mark.slow
def test_maps_are_fused_in_float_and_everything_before_is_int8(fused):
    model = fused / "model" / "work" / "student_float_tail.tflite"
    graph, manifest = read_graph(model), read_model_manifest(model)
    assert (manifest.input.dtype, manifest.landmarks_output.dtype) == ("int8", "float32")
    learnt = [node for node in graph.operators if node.name == "CONV_2D"]
    made = {graph.tensors[node.outputs[0]].dtype for node in learnt[:-1]}
    assert made == {"int8"}
    sums = {node.name: graph.tensors[node.outputs[0]].dtype for node in graph.operators}
    assert sums["MUL"] == sums["LOGISTIC"] == "float32"


@pytest.mark.convert
@pytest.mark.slow
def test_its_landmarks_are_nearer_to_the_float_networks_than_int8s(fused):
    report = json.loads((fused / "model" / "conversion.json").read_text())
    models = report["float_tail"]["models"]
    moved = {name: figures["difference"]["landmarks_px"]["mean"] for name, figures in models.items()}
    assert moved["float_tail"] < 0.5 * moved["int8"]
    told = nme_of(
        fused / "model" / "work" / "student_float_tail.tflite", fused / "handover" / "validation.npz"
    )
    assert told == pytest.approx(models["float_tail"]["nme_interocular"], rel=1e-3)
