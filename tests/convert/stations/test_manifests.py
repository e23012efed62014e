"""Tensors get their roles from the handover's shapes; what cannot be told apart is refused."""

from pathlib import Path

import pytest

from convert.handover.description import read_handover
from convert.stations.manifests import find_input, find_outputs
from convert.tflite.file import Graph, Tensor
from device.contract.errors import GateError

PATH = Path("student.tflite")


def a_tensor(name, *shape):
    return Tensor(name, shape, True, "int8", False, (0.1,), (0,))


HEATMAP, LOGIT = a_tensor("call:1", 1, 32, 32, 68), a_tensor("call:0", 1, 1)


def graph_of(inputs, outputs):
    return Graph(1, (*inputs, *outputs), (), tuple(inputs), tuple(outputs))


@pytest.fixture
def handover(tiny_handover):
    return read_handover(tiny_handover / "handover.json")


@pytest.mark.parametrize("outputs", [(HEATMAP, LOGIT), (LOGIT, HEATMAP)])
def test_outputs_are_found_in_either_order(handover, outputs):
    assert find_outputs(graph_of((), outputs), handover, PATH) == (HEATMAP, LOGIT)


def test_a_presence_of_four_dimensions_is_as_good(handover):
    deep = a_tensor("call:0", 1, 1, 1, 1)
    assert find_outputs(graph_of((), (HEATMAP, deep)), handover, PATH) == (HEATMAP, deep)


@pytest.mark.parametrize(
    "outputs",
    [(HEATMAP,), (HEATMAP, HEATMAP), (HEATMAP, LOGIT, LOGIT), (a_tensor("nchw", 1, 68, 32, 32), LOGIT)],
)
def test_other_outputs_are_refused(handover, outputs):
    with pytest.raises(GateError, match=r"wanted a heatmap \(1, 32, 32, 68\) and one presence logit"):
        find_outputs(graph_of((), outputs), handover, PATH)


@pytest.mark.parametrize("inputs", [(), (a_tensor("nchw", 1, 3, 128, 128),)])
def test_an_input_that_is_not_the_crop_is_refused(handover, inputs):
    with pytest.raises(GateError, match=r"wanted one of \(1, 128, 128, 3\)"):
        find_input(graph_of(inputs, ()), handover, PATH)
