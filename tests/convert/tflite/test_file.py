"""A .tflite file is read without TensorFlow; the file of these tests is put together by hand."""

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from convert.tflite.file import Operator, read_graph
from device.contract.errors import BadInputError
from device.contract.tensors import TensorSpec


def a_tensor(name, shape, kind, buffer, scales=(), zero_points=(), signature=None):
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, buffer
    tensor.shapeSignature = signature
    if scales:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = list(scales), list(zero_points)
    return tensor


def a_node(code, inputs, outputs):
    node = schema.OperatorT()
    node.opcodeIndex, node.inputs, node.outputs = code, list(inputs), list(outputs)
    return node


def a_code(builtin, version):
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
    return code


def a_buffer(content):
    buffer = schema.BufferT()
    buffer.data = content
    return buffer


@pytest.fixture
def handmade(tmp_path):
    """One int8 convolution and two GELU, whose code 150 does not fit the older one-byte field."""
    graph = schema.SubGraphT()
    graph.tensors = [
        a_tensor("image", (1, 4, 4, 3), schema.TensorType.INT8, 0, [0.5], [3], signature=[-1, 4, 4, 3]),
        a_tensor("weights", (2, 1, 1, 3), schema.TensorType.INT8, 1, [0.25, 0.125], [0, 0]),
        a_tensor("maps", (1, 4, 4, 2), schema.TensorType.INT8, 0, [0.0625], [-7]),
        a_tensor("real", (1, 1), schema.TensorType.FLOAT32, 0),
    ]
    graph.inputs, graph.outputs = [0], [2, 3]
    graph.operators = [a_node(0, (0, 1, -1), (2,)), a_node(1, (2,), (2,)), a_node(1, (2,), (2,))]
    model = schema.ModelT()
    model.version, model.subgraphs = 3, [graph]
    model.buffers = [a_buffer(None), a_buffer([1, 2, 3, 4, 5, 6])]
    model.operatorCodes = [
        a_code(schema.BuiltinOperator.CONV_2D, 3),
        a_code(schema.BuiltinOperator.GELU, 2),
    ]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path = tmp_path / "handmade.tflite"
    path.write_bytes(bytes(builder.Output()))
    return read_graph(path)


def test_operators_are_counted_by_name_and_version_most_frequent_first(handmade):
    assert list(handmade.histogram.items()) == [("GELU v2", 2), ("CONV_2D v3", 1)]
    assert handmade.operators[0] == Operator("CONV_2D", 3, (0, 1, -1), (2,))


def test_tensors_carry_type_shape_quantisation_and_whether_they_are_constant(handmade):
    image, weights, maps, real = handmade.tensors
    assert (image.static, maps.static) == (False, True)
    assert [tensor.constant for tensor in handmade.tensors] == [False, True, False, False]
    assert weights.scales == (0.25, 0.125)
    assert maps.spec == TensorSpec("maps", (1, 4, 4, 2), "int8", 0.0625, -7)
    assert real.spec == TensorSpec("real", (1, 1), "float32")
    assert (handmade.inputs, handmade.outputs) == ((image,), (maps, real))


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "student.tflite").write_bytes(b"PK\x03\x04 an archive")
    with pytest.raises(BadInputError, match="no TFLite file"):
        read_graph(tmp_path / "student.tflite")


@pytest.fixture
def outside(tmp_path):
    """A function that writes a convolution whose four weights lie behind the flatbuffer, so many bytes on."""

    def write(distance):
        graph = schema.SubGraphT()
        graph.tensors = [
            a_tensor("image", (1, 2, 2, 2), schema.TensorType.INT8, 0, [0.5], [0]),
            a_tensor("weights", (2, 1, 1, 2), schema.TensorType.INT8, 1, [0.25, 0.125], [0, 0]),
            a_tensor("maps", (1, 2, 2, 2), schema.TensorType.INT8, 0, [0.0625], [0]),
        ]
        graph.inputs, graph.outputs = [0], [2]
        graph.operators = [a_node(0, (0, 1, -1), (2,))]
        weights, model = schema.BufferT(), schema.ModelT()
        model.version, model.subgraphs = 3, [graph]
        model.operatorCodes = [a_code(schema.BuiltinOperator.CONV_2D, 3)]
        model.buffers = [a_buffer(None), weights]
        # Twice: only a written flatbuffer has a length, which the numbers in it no longer change.
        weights.offset, weights.size = 2, 4
        weights.offset = len(packed(model)) + distance
        path = tmp_path / "outside.tflite"
        path.write_bytes(packed(model) + bytes([5, 6, 7, 8]))
        return path

    return write


def packed(model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_constants_behind_the_flatbuffer_are_read(outside):
    weights = read_graph(outside(0)).tensors[1]
    assert weights.constant
    assert weights.outside
    assert weights.values.ravel().tolist() == [5, 6, 7, 8]


def test_constants_behind_the_end_of_the_file_are_damage(outside):
    with pytest.raises(BadInputError, match="damaged"):
        read_graph(outside(1))
