"""Graphs put together by hand, and the same as .tflite files through the schema's own writer."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from convert.tflite.file import Graph, Operator, Tensor

CODES = {name: value for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


class Drawing:
    """A graph that grows operator by operator; tensors are named by what made them."""

    def __init__(self):
        self.tensors, self.operators, self.taken = [], [], []

    def _add(self, tensor):
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def image(self, *shape, dtype="int8", scaled=True):
        scales, zero_points = ((0.5,), (0,)) if scaled else ((), ())
        name = f"tensor_{len(self.tensors)}"
        place = self._add(Tensor(name, shape, True, dtype, False, scales, zero_points))
        self.taken.append(place)
        return place

    def constant(self, values, dtype="int32", zero_point=None):
        values = np.asarray(values, dtype)
        scales, zero_points = ((), ()) if zero_point is None else ((0.5,), (zero_point,))
        name = f"constant_{len(self.tensors)}"
        return self._add(Tensor(name, values.shape, True, dtype, True, scales, zero_points, values=values))

    def weights(self, *shape):
        return self.constant(np.ones(shape), "int8", 0)

    def node(self, name, inputs, shape, dtype="int8", version=1, scaled=True, **options):
        """Append an operator; the place of its output."""
        scales, zero_points = ((0.5,), (0,)) if scaled else ((), ())
        made = self._add(
            Tensor(f"{name}_{len(self.tensors)}", tuple(shape), True, dtype, False, scales, zero_points)
        )
        holder = None
        if options:
            holder = type("Options", (), options)()
        code = CODES.get(name, schema.BuiltinOperator.CUSTOM)
        self.operators.append(Operator(name, version, tuple(inputs), (made,), holder, code))
        return made

    def graph(self, *outputs):
        ends = outputs or (len(self.tensors) - 1,)
        return Graph(
            1,
            tuple(self.tensors),
            tuple(self.operators),
            tuple(self.tensors[place] for place in self.taken),
            tuple(self.tensors[place] for place in ends),
        )


def write_tflite(path, graph, subgraphs=1):
    """A Graph as a file, so many times over; options are left out."""
    buffers, tensors = [schema.BufferT()], []
    for tensor in graph.tensors:
        table = schema.TensorT()
        table.name, table.shape = tensor.name, list(tensor.shape)
        table.type, table.buffer = getattr(schema.TensorType, tensor.dtype.upper()), 0
        if tensor.values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(tensor.values.tobytes(), np.uint8)
            buffers.append(buffer)
            table.buffer = len(buffers) - 1
        if tensor.scales:
            table.quantization = schema.QuantizationParametersT()
            table.quantization.scale = list(tensor.scales)
            table.quantization.zeroPoint = list(tensor.zero_points)
        tensors.append(table)
    codes, nodes = [], []
    for operator in graph.operators:
        code = schema.OperatorCodeT()
        code.builtinCode, code.version = operator.code, operator.version
        code.deprecatedBuiltinCode = min(operator.code, 127)
        if operator.custom:
            code.customCode = operator.name
        codes.append(code)
        node = schema.OperatorT()
        node.opcodeIndex = len(codes) - 1
        node.inputs, node.outputs = list(operator.inputs), list(operator.outputs)
        nodes.append(node)
    main, model = schema.SubGraphT(), schema.ModelT()
    main.tensors, main.operators = tensors, nodes
    main.inputs = [graph.tensors.index(tensor) for tensor in graph.inputs]
    main.outputs = [graph.tensors.index(tensor) for tensor in graph.outputs]
    model.version, model.subgraphs = 3, [main] * subgraphs
    model.buffers, model.operatorCodes = buffers, codes
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path
