"""Real weights out of an int8 file."""

import numpy as np
import pytest

from convert.tflite.file import Graph, Operator, Tensor
from convert.tflite.weights import layers_of, real_values, write_float_weights
from device.contract.errors import BadInputError


def constant(values, scales, zero_points):
    values = np.array(values, np.int8)
    return Tensor("w", values.shape, True, "int8", True, scales, zero_points, values=values)


def graph_of(name, weight, bias):
    inputs = (0, 1) if bias is None else (0, 1, 2)
    tensors = (constant([0], (1.0,), (0,)), weight, *([] if bias is None else [bias]))
    return Graph(1, tensors, (Operator(name, 1, inputs, (0,)),), (), ())


def test_each_output_channel_has_its_own_scale():
    weight = constant(np.arange(8).reshape(2, 1, 2, 2), (0.5, 2.0), (0, 1))
    real = real_values(weight)
    assert real[0].ravel().tolist() == [0, 0.5, 1, 1.5]
    assert real[1].ravel().tolist() == [6, 8, 10, 12]


def test_convolutions_are_laid_out_as_pytorch_has_them():
    # (O, H, W, I): two outputs, a 1 x 2 kernel, three inputs.
    weight = constant(np.arange(12).reshape(2, 1, 2, 3), (1.0,), (0,))
    ((out, bias),) = layers_of(graph_of("CONV_2D", weight, constant([3, 4], (0.5,), (0,))))
    assert out.shape == (2, 3, 1, 2)
    assert out[0, 2, 0].tolist() == [2, 5]
    assert bias.tolist() == [1.5, 2.0]


def test_a_file_of_another_kind_is_refused(tmp_path):
    weight = constant(np.zeros((1, 1, 1, 2)), (1.0,), (0,))
    with pytest.raises(BadInputError, match="DEPTHWISE_CONV_2D, wanted ordinary"):
        list(layers_of(graph_of("DEPTHWISE_CONV_2D", weight, None)))
    with pytest.raises(BadInputError, match="has no bias"):
        list(layers_of(graph_of("CONV_2D", weight, None)))
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(BadInputError):
        write_float_weights(tmp_path / "text.tflite", tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()
