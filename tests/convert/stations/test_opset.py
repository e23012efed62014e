"""The network reaches onnx2tf in plain operators of the operator set that it converts best."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from convert.handover.network import read_network
from convert.stations.opset import CONVERTER_OPSET, check_nodes, lower_opset
from convert.tflite.runners import onnx_maps
from device.contract.errors import BadInputError
from tests.convert.tiny import aware, blotches, make_network, write_network
from training.export.onnx_file import outputs_on


@pytest.fixture(scope="module")
def model(tiny_handover):
    path = tiny_handover / "network.onnx"
    return lower_opset(read_network(path), path)


def test_batch_norm_is_folded_and_only_plain_nodes_remain(model):
    kinds = {node.op_type for node in model.graph.node}
    assert kinds == {"Conv", "Relu", "Add", "Resize", "AveragePool", "Reshape", "Gemm"}


def test_names_shapes_and_opset_are_ours(model):
    assert [value.name for value in model.graph.input] == ["image"]
    assert [value.name for value in model.graph.output] == ["heatmap", "presence"]
    sizes = [axis.dim_value for axis in model.graph.output[0].type.tensor_type.shape.dim]
    assert sizes == [1, 68, 32, 32]
    assert model.opset_import[0].version == CONVERTER_OPSET


def test_the_file_names_no_folder_of_the_machine_that_wrote_it(tiny_handover):
    content = (tiny_handover / "network.onnx").read_bytes()
    assert b".py" not in content
    assert b"stack_trace" not in content


def test_upsampling_keeps_the_asymmetric_rule_that_gives_old_operator_versions(model):
    rules = [
        onnx.helper.get_attribute_value(attribute)
        for node in model.graph.node
        for attribute in node.attribute
        if node.op_type == "Resize" and attribute.name == "coordinate_transformation_mode"
    ]
    assert rules == [b"asymmetric"] * 3


def outputs_of(model, path):
    onnx.save(model, path)
    return onnx_maps(path)(blotches(1, seed=5)[0])


def test_onnx_runtime_and_pytorch_agree(model, tmp_path):
    heatmap, presence = outputs_of(model, tmp_path / "student.onnx")
    true_heatmap, true_presence = outputs_on(make_network(), blotches(1, seed=5))
    assert np.abs(true_heatmap).max() > 0.5
    assert heatmap == pytest.approx(true_heatmap[0], abs=1e-4)
    assert presence == pytest.approx(true_presence[0], abs=1e-5)


def test_a_mean_over_the_map_is_refused_for_an_npu_and_kept_for_a_cpu(tmp_path):
    path = tmp_path / "network.onnx"
    write_network(path, make_network(pooling="mean"))
    network = read_network(path)
    with pytest.raises(BadInputError, match=r"ReduceMean.*use avg_pool2d"):
        check_nodes(network, path)
    lowered = lower_opset(network, path)
    assert "ReduceMean" in {node.op_type for node in lowered.graph.node}
    assert lowered.opset_import[0].version == CONVERTER_OPSET


def test_a_quantisation_aware_network_loses_its_fake_quantisers_and_nothing_else(model, tmp_path):
    path = tmp_path / "network.onnx"
    write_network(path, aware(make_network()))
    exported = lower_opset(read_network(path), path)
    assert [node.op_type for node in exported.graph.node] == [node.op_type for node in model.graph.node]
    heatmap, _ = outputs_of(exported, tmp_path / "aware.onnx")
    plain, _ = outputs_of(model, tmp_path / "student.onnx")
    assert heatmap == pytest.approx(plain, abs=1e-4)


def test_padding_of_a_newer_operator_set_is_kept_and_padding_along_named_axes_refused(tmp_path):
    class Padded(nn.Module):
        def forward(self, image):
            return nn.functional.pad(image, (0, 1, 0, 1), value=0.5)

    path = tmp_path / "padded.onnx"
    shown = (torch.zeros(1, 3, 8, 8),)
    torch.onnx.export(Padded(), shown, path, dynamo=True, opset_version=18, verbose=False)
    model = onnx.load(path)
    assert any(node.op_type == "Pad" for node in model.graph.node)
    lowered = lower_opset(model, path)
    assert [each.version for each in lowered.opset_import] == [CONVERTER_OPSET]
    image = np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)
    session = onnxruntime.InferenceSession(lowered.SerializeToString())
    (padded,) = session.run(None, {session.get_inputs()[0].name: image})
    assert np.array_equal(padded[..., :8, :8], image)
    assert (padded[..., 8, :] == 0.5).all()

    again = onnx.load(path)
    pad = next(node for node in again.graph.node if node.op_type == "Pad")
    again.graph.initializer.append(onnx.numpy_helper.from_array(np.arange(4), "axes"))
    pad.input.extend([""] * (3 - len(pad.input)) + ["axes"])
    with pytest.raises(BadInputError, match="without a form in ONNX opset 17"):
        lower_opset(again, path)
