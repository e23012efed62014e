"""The ONNX graph is the same network in plain operators."""

import numpy as np
import onnx
import pytest

from convert.handover.handover import check_network, read_handover
from convert.handover.network import load_network, read_network
from convert.stations.export import CONVERTER_OPSET, onnx_of
from convert.tflite.runners import onnx_runner, pytorch_runner
from device.contract.errors import BadInputError
from tests.convert.tiny import aware, blotches, make_network, write_network


@pytest.fixture(scope="module")
def model(tiny_handover):
    path = tiny_handover / "network.pt2"
    return onnx_of(load_network(path), path)


def test_batch_norm_is_folded_and_only_plain_nodes_remain(model):
    kinds = {node.op_type for node in model.graph.node}
    assert kinds == {"Conv", "Relu", "Add", "Resize", "AveragePool", "Reshape", "Gemm"}


def test_names_shapes_and_opset_are_ours(model):
    assert [value.name for value in model.graph.input] == ["image"]
    assert [value.name for value in model.graph.output] == ["heatmap", "presence"]
    sizes = [axis.dim_value for axis in model.graph.output[0].type.tensor_type.shape.dim]
    assert sizes == [1, 68, 32, 32]
    assert model.opset_import[0].version == CONVERTER_OPSET


def test_upsampling_keeps_the_asymmetric_rule_that_gives_old_operator_versions(model):
    rules = [
        onnx.helper.get_attribute_value(attribute)
        for node in model.graph.node
        for attribute in node.attribute
        if node.op_type == "Resize" and attribute.name == "coordinate_transformation_mode"
    ]
    assert rules == [b"asymmetric"] * 3


def test_onnx_runtime_and_pytorch_agree(model, tiny_handover, tmp_path):
    onnx.save(model, tmp_path / "student.onnx")
    crop = blotches(1, seed=5)[0]
    ours = onnx_runner(tmp_path / "student.onnx")(crop)
    theirs = pytorch_runner(tiny_handover / "network.pt2")(crop)
    assert np.abs(theirs.heatmap).max() > 0.5
    assert ours.heatmap == pytest.approx(theirs.heatmap, abs=1e-4)
    assert ours.presence == pytest.approx(theirs.presence, abs=1e-5)


def test_a_mean_over_the_map_is_refused_with_what_to_write_instead(tmp_path):
    path = tmp_path / "network.pt2"
    write_network(path, make_network(pooling="mean"))
    with pytest.raises(BadInputError, match=r"ReduceMean.*use avg_pool2d"):
        onnx_of(load_network(path), path)


def test_a_quantisation_aware_network_loses_its_fake_quantisers_and_nothing_else(
    model, tiny_handover, tmp_path
):
    path = tmp_path / "network.pt2"
    write_network(path, aware(make_network()))
    handover = read_handover(tiny_handover / "handover.json")
    assert check_network(read_network(path), handover, path)["fake_quantisers"] == 3
    exported = onnx_of(load_network(path), path)
    assert [node.op_type for node in exported.graph.node] == [node.op_type for node in model.graph.node]
    onnx.save(exported, tmp_path / "aware.onnx")
    crop = blotches(1, seed=5)[0]
    plain = pytorch_runner(tiny_handover / "network.pt2")(crop)
    assert onnx_runner(tmp_path / "aware.onnx")(crop).heatmap == pytest.approx(plain.heatmap, abs=1e-4)
    assert pytorch_runner(path)(crop).heatmap == pytest.approx(plain.heatmap, abs=1e-5)


def test_a_network_of_any_operator_keeps_its_mean_over_the_map_in_the_lower_opset(tmp_path):
    path = tmp_path / "network.pt2"
    write_network(path, make_network(pooling="mean"))
    lowered = onnx_of(load_network(path), path, any_operator=True)
    assert "ReduceMean" in {node.op_type for node in lowered.graph.node}
    assert lowered.opset_import[0].version == CONVERTER_OPSET
