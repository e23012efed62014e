"""Graphs rewritten for the converters compute the same, and lose what was in doubt."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.intake.graph import infer_shapes
from convert.intake.rewrite import rewrite

ROOT = np.sqrt(2)


def network(nodes, shape, made, constants=(), opset=17):
    """A graph from `image` to `made`, a tensor of an unknown shape."""
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(made, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return infer_shapes(model, "test")


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (image,) = session.get_inputs()
    values = np.random.default_rng(0).normal(size=image.shape).astype(np.float32)
    return session.run(None, {"image": values})[0]


def kinds(model):
    return [node.op_type for node in model.graph.node]


def scalar(name, value):
    return name, np.float32(value)


GELUS = {
    "halved last": [
        ("Div", ("image", "root"), "a"), ("Erf", ("a",), "b"), ("Add", ("b", "one"), "c"),
        ("Mul", ("image", "c"), "d"), ("Mul", ("d", "half"), "made"),
    ],
    "halved inside": [
        ("Div", ("image", "root"), "a"), ("Erf", ("a",), "b"), ("Add", ("one", "b"), "c"),
        ("Mul", ("half", "c"), "d"), ("Mul", ("image", "d"), "made"),
    ],
    "by the inverse root": [
        ("Mul", ("inverse", "image"), "a"), ("Erf", ("a",), "b"), ("Add", ("b", "one"), "c"),
        ("Mul", ("c", "image"), "d"), ("Mul", ("d", "half"), "made"),
    ],
}  # fmt: skip
SCALARS = [scalar("root", ROOT), scalar("inverse", 1 / ROOT), scalar("one", 1), scalar("half", 0.5)]


@pytest.mark.parametrize("name", GELUS)
def test_every_spelling_of_gelu_is_halved_first(name):
    nodes = [helper.make_node(kind, inputs, [made]) for kind, inputs, made in GELUS[name]]
    model = network(nodes, [1, 4, 8], "made", SCALARS)
    rewritten = rewrite(model)
    assert run(rewritten) == pytest.approx(run(model), abs=1e-6)
    by_output = {node.output[0]: node for node in rewritten.graph.node}
    last = by_output["made"]
    factors = [by_output[each] for each in last.input]
    assert sorted(factor.op_type for factor in factors) == ["Add", "Mul"]


def test_the_operator_gelu_is_spelt_out_and_its_approximation_stays():
    for approximation, stays in ({}, False), ({"approximate": "tanh"}, True):
        node = helper.make_node("Gelu", ["image"], ["made"], **approximation)
        model = network([node], [1, 4, 8], "made", opset=20)
        rewritten = rewrite(model)
        assert ("Gelu" in kinds(rewritten)) is stays
        assert run(rewritten) == pytest.approx(run(model), abs=1e-6)


def reshaped(count, high, wide, reader="Relu"):
    """Tokens (1, high * wide, count) made a map again, and what reads it."""
    rng = np.random.default_rng(1)
    nodes = [
        helper.make_node("Transpose", ["image"], ["rows"], perm=[0, 2, 1]),
        helper.make_node("Reshape", ["rows", "shape"], ["maps"]),
        helper.make_node("Relu", ["maps"], ["positive"]),
        helper.make_node(reader, ["positive", "kernel"] if reader == "Conv" else ["positive"], ["made"]),
    ]
    constants = [
        ("shape", np.array([1, count, high, wide])),
        ("kernel", rng.normal(size=(2, count, 3, 3)).astype(np.float32)),
    ]
    return network(nodes, [1, high * wide, count], "made", constants)


@pytest.mark.parametrize(("high", "wide"), [(6, 6), (6, 7), (7, 6)])
def test_a_map_as_deep_as_it_is_high_or_wide_is_pinned_by_a_convolution(high, wide):
    model = reshaped(6, high, wide, "Conv")
    rewritten = rewrite(model)
    assert kinds(rewritten).count("Conv") == 2
    assert run(rewritten) == pytest.approx(run(model), abs=1e-5)
    shapes = [
        numpy_helper.to_array(each).tolist() for each in rewritten.graph.initializer if each.data_type == 7
    ]
    assert [1, 8, high, wide] in shapes or [1, 7, high, wide] in shapes
    assert [1, 6, high, wide] not in shapes


@pytest.mark.parametrize("model", [reshaped(5, 6, 7, "Conv"), reshaped(6, 6, 6, "Relu")])
def test_a_map_in_no_doubt_and_one_that_nothing_reads_as_a_map_stay(model):
    assert kinds(rewrite(model)) == kinds(model)
