"""Each rule finds the one fault planted in an otherwise faultless graph."""

from dataclasses import replace
from pathlib import Path

import pytest

from convert.stations.check import FLOAT_RULES, INT8_RULES, check_graph, rule_table
from convert.tflite.file import Graph, Operator, Tensor
from device.contract.errors import GateError

IMAGE = Tensor("image", (1, 8, 8, 3), True, "int8", False, (1 / 128,), (0,))
WEIGHTS = Tensor("weights", (2, 1, 1, 3), True, "int8", True, (0.5, 0.25), (0, 0))
BIAS = Tensor("bias", (2,), True, "int32", True, (0.1, 0.2), (0, 0))
MAPS = Tensor("maps", (1, 8, 8, 2), True, "int8", False, (0.1,), (5,))
PATH = Path("student.tflite")


def graph_of(image=IMAGE, weights=WEIGHTS, bias=BIAS, maps=MAPS, name="CONV_2D", subgraphs=1):
    tensors = (image, weights, bias, maps)
    return Graph(subgraphs, tensors, (Operator(name, 3, (0, 1, 2), (3,)),), (image,), (maps,))


def test_a_graph_without_a_fault_passes():
    check_graph(graph_of(), INT8_RULES, PATH)


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        (graph_of(name="TRANSPOSE"), "operator TRANSPOSE .*use avg_pool2d"),
        (graph_of(name="QUANTIZE"), "operator QUANTIZE"),
        (graph_of(name="SOFTMAX"), "operator SOFTMAX .*not on the list"),
        (graph_of(subgraphs=2), "2 subgraphs"),
        (graph_of(image=replace(IMAGE, static=False)), "tensor image .*wanted static with batch 1"),
        (graph_of(maps=replace(MAPS, shape=(2, 8, 8, 2))), r"tensor maps of shape \(2, 8, 8, 2\)"),
        (graph_of(image=replace(IMAGE, scales=(0.0078431377,))), "input quantisation"),
        (graph_of(image=replace(IMAGE, zero_points=(-1,))), "input quantisation"),
        (graph_of(image=replace(IMAGE, dtype="uint8")), "input quantisation"),
        (graph_of(maps=replace(MAPS, dtype="float32", scales=())), "output maps is float32 with 0 scales"),
        (graph_of(bias=replace(BIAS, constant=False)), "tensor bias is int32"),
        (graph_of(weights=replace(WEIGHTS, dtype="float32")), "tensor weights is float32"),
        (graph_of(weights=replace(WEIGHTS, scales=(0.5,))), "weights weights with 1 scales"),
        (graph_of(weights=replace(WEIGHTS, zero_points=(0, 4))), "weights weights"),
    ],
)
def test_each_fault_is_found_and_named(graph, complaint):
    with pytest.raises(GateError, match=complaint):
        check_graph(graph, INT8_RULES, PATH)


def test_the_float_file_may_be_float_but_may_not_move_data_about():
    image, maps = (replace(tensor, dtype="float32", scales=()) for tensor in (IMAGE, MAPS))
    check_graph(graph_of(image=image, maps=maps), FLOAT_RULES, PATH)
    with pytest.raises(GateError, match="TRANSPOSE"):
        check_graph(graph_of(image=image, maps=maps, name="TRANSPOSE"), FLOAT_RULES, PATH)
    with pytest.raises(GateError, match="tensor image is int8, wanted float32"):
        check_graph(graph_of(maps=maps), FLOAT_RULES, PATH)


def test_many_faults_are_shortened_to_three():
    broken = replace(MAPS, dtype="float32", scales=(), shape=(2, 8, 8, 2))
    with pytest.raises(GateError, match=r"and \d more$") as caught:
        check_graph(graph_of(maps=broken, name="MEAN", subgraphs=3), INT8_RULES, PATH)
    assert str(caught.value).count(";") == 2


def test_the_readme_holds_the_table_of_rules(root):
    assert rule_table((*INT8_RULES, FLOAT_RULES[-1])) in (root / "convert" / "README.md").read_text()
