"""Any network's ONNX file, rewritten: the same points from our input as from its own."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.handover.description import Handover
from convert.handover.network import inputs_of
from convert.intake.graph import (
    IMAGE,
    LANDMARKS,
    Normalisation,
    OutputRule,
    fold_normalisation,
    infer_shapes,
    read_model,
    shape_of,
    shape_outputs,
)
from convert.tflite.runners import real_nchw
from device.contract.codec import COORDINATES, decode_coordinates
from device.contract.errors import BadInputError
from device.contract.manifest import CodecRule, CropRule

IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 1 / 255, True)
SIDE, POINTS = 8, 5


def network(path, *, padding=1, last=False, batch=1, outputs=2 * POINTS, kind=TensorProto.FLOAT):
    """A convolution, its mean over the picture, and one linear layer; named as others name theirs."""
    rng = np.random.default_rng(0)
    arrays = {
        "kernel": rng.normal(size=(4, 3, 3, 3)),
        "bias": rng.normal(size=4),
        "matrix": rng.normal(size=(4, outputs)),
    }
    shape = [batch, SIDE, SIDE, 3] if last else [batch, 3, SIDE, SIDE]
    nodes = [helper.make_node("Transpose", ["image"], ["turned"], perm=[0, 3, 1, 2])] if last else []
    nodes += [
        helper.make_node(
            "Conv", ["turned" if last else "image", "kernel", "bias"], ["maps"], pads=[padding] * 4
        ),
        helper.make_node("Relu", ["maps"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["heatmap"]),
    ]
    graph = helper.make_graph(
        nodes,
        "others",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info("heatmap", kind, [batch, outputs])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def run(model, values):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: values})[0]


def crop():
    return np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def theirs(path, rule, *, last=False):
    """As the network's makers feed it: channels, scale, mean, standard deviation."""
    pixels = crop()[..., ::-1] if rule.rgb else crop()
    image = (pixels * rule.scale - np.array(rule.mean)) / np.array(rule.std)
    image = image if last else image.transpose(2, 0, 1)
    return run(onnx.load(path), image[None].astype(np.float32))


@pytest.mark.parametrize(("padding", "folded"), [(0, True), (1, False)])
def test_the_normalisation_goes_into_the_first_convolution_where_that_is_exact(tmp_path, padding, folded):
    path = network(tmp_path / "net.onnx", padding=padding)
    model = read_model(path, None)
    assert fold_normalisation(model, IMAGENET) is folded
    assert sum(node.op_type == "Conv" for node in model.graph.node) == (1 if folded else 2)
    ours = run(infer_shapes(model, path), real_nchw(crop()))
    assert ours == pytest.approx(theirs(path, IMAGENET), abs=1e-4)


def test_a_scale_alone_is_folded_even_before_padding(tmp_path):
    path = network(tmp_path / "net.onnx", padding=1)
    # (pixel - 128) / 64 is 0 where our input is 0.
    rule = Normalisation((128.0,) * 3, (64.0,) * 3, 1.0, True)
    model = read_model(path, None)
    assert fold_normalisation(model, rule)
    assert run(model, real_nchw(crop())) == pytest.approx(theirs(path, rule), abs=1e-4)


def test_channels_last_is_turned(tmp_path):
    path = network(tmp_path / "net.onnx", last=True)
    model = read_model(path, None)
    fold_normalisation(model, IMAGENET)
    assert shape_of(inputs_of(model)[0]) == (1, 3, SIDE, SIDE)
    assert run(model, real_nchw(crop())) == pytest.approx(theirs(path, IMAGENET, last=True), abs=1e-4)


@pytest.mark.parametrize("units", ["unit", "signed", "pixels"])
def test_coordinates_of_every_unit_become_pixels_of_the_crop(tmp_path, units):
    path = network(tmp_path / "net.onnx")
    model = read_model(path, None)
    fold_normalisation(model, IMAGENET)
    model = infer_shapes(model, path)
    shape_outputs(model, OutputRule(POINTS, "coordinates", units), path)
    ours = decode_coordinates(run(model, real_nchw(crop()))[0], (SIDE, SIDE))
    raw = theirs(path, IMAGENET).reshape(-1, 2)
    wanted = {"unit": raw * SIDE, "signed": (raw + 1) / 2 * SIDE, "pixels": raw}[units]
    assert ours == pytest.approx(wanted, abs=1e-3)
    assert [output.name for output in model.graph.output] == [LANDMARKS]
    assert [value.name for value in inputs_of(model)] == [IMAGE]
    handover = Handover("x", "ibug_68", CropRule(1.3, (SIDE, SIDE)), CodecRule(COORDINATES, SIDE, 1), {})
    assert handover.network_shape == (1, 136)


def test_a_batch_left_open_becomes_one(tmp_path):
    path = network(tmp_path / "net.onnx", batch="n")
    assert shape_of(inputs_of(read_model(path, None))[0]) == (1, 3, SIDE, SIDE)


def test_half_precision_and_a_wrong_number_of_points_are_refused_in_one_line(tmp_path):
    half = network(tmp_path / "half.onnx", kind=TensorProto.FLOAT16)
    with pytest.raises(BadInputError, match=r"float16.*model\.float\(\)"):
        read_model(half, None)
    path = network(tmp_path / "net.onnx")
    with pytest.raises(BadInputError, match=r"wanted 1 for 6 points as coordinates: check --points"):
        shape_outputs(read_model(path, None), OutputRule(6), path)
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(BadInputError, match="no usable ONNX file"):
        read_model(tmp_path / "text.onnx", None)


def distributions(path):
    """SimCC's two outputs as a constant of the picture's mean: a peak at bin 6 of 16 in x, at 10 in y."""
    rows = np.full((2, POINTS, 2 * SIDE), -9.0, np.float32)
    rows[0, :, 6] = rows[1, :, 10] = 9.0
    nodes = [helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=0)]
    outputs = []
    for axis in "xy":
        nodes += [
            helper.make_node("Mul", ["mean", "nothing"], [f"zero_{axis}"]),
            helper.make_node("Add", [f"zero_{axis}", f"rows_{axis}"], [axis]),
        ]
        outputs.append(helper.make_tensor_value_info(axis, TensorProto.FLOAT, [1, POINTS, 2 * SIDE]))
    arrays = {"nothing": np.zeros(1), "rows_x": rows[:1], "rows_y": rows[1:]}
    graph = helper.make_graph(
        nodes,
        "simcc",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        outputs,
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_two_distributions_become_their_expectation(tmp_path):
    path = distributions(tmp_path / "net.onnx")
    model = read_model(path, None)
    fold_normalisation(model, Normalisation())
    shape_outputs(model, OutputRule(POINTS, "simcc"), path)
    ours = decode_coordinates(run(model, real_nchw(crop()))[0], (SIDE, SIDE))
    # Half a pixel a bin.
    assert ours == pytest.approx(np.tile([3.0, 5.0], (POINTS, 1)), abs=1e-2)
