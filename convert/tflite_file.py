"""What a .tflite file holds: its operators with their versions, its tensors with their quantisation.

Read through the flatbuffer schema inside the ai-edge-litert wheel, so no TensorFlow is needed.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from device.contract.errors import BadInputError
from device.contract.tensors import TensorSpec

FILE_IDENTIFIER = b"TFL3"


def _names_by_value(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


OPERATOR_NAMES = _names_by_value(schema.BuiltinOperator)
TYPE_NAMES = _names_by_value(schema.TensorType)


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph; its type and shape without its values."""

    name: str
    shape: tuple[int, ...]
    static: bool
    """No dimension is left to run time."""
    dtype: str
    """numpy's name: int8, int32, float32."""
    constant: bool
    """Its values are in the file."""
    scales: tuple[float, ...]
    """None for a float tensor, one, or one per channel."""
    zero_points: tuple[int, ...]

    @property
    def spec(self) -> TensorSpec:
        """As a manifest states it; only for tensors of one scale or none."""
        scale = self.scales[0] if self.scales else 0.0
        zero_point = self.zero_points[0] if self.scales else 0
        return TensorSpec(self.name, self.shape, self.dtype, scale, zero_point)


@dataclass(frozen=True)
class Operator:
    """One node of the graph."""

    name: str
    """As the schema spells it: CONV_2D."""
    version: int
    inputs: tuple[int, ...]
    """Indices into the graph's tensors; -1 for one that is left out."""
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """The whole of a .tflite file; `subgraphs` above 1 means control flow, whose nodes are not here."""

    subgraphs: int
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def histogram(self) -> dict[str, int]:
        """How often each operator occurs, by `NAME vVERSION`, most frequent first."""
        counted = Counter(f"{node.name} v{node.version}" for node in self.operators)
        return dict(counted.most_common())


def _tensor(table: Any, model: Any) -> Tensor:
    quantisation = table.Quantization()
    count = quantisation.ScaleLength() if quantisation else 0
    return Tensor(
        name=table.Name().decode(),
        shape=tuple(table.Shape(axis) for axis in range(table.ShapeLength())),
        static=all(table.ShapeSignature(axis) >= 0 for axis in range(table.ShapeSignatureLength())),
        dtype=TYPE_NAMES[table.Type()].lower(),
        constant=model.Buffers(table.Buffer()).DataLength() > 0,
        scales=tuple(quantisation.Scale(place) for place in range(count)),
        zero_points=tuple(quantisation.ZeroPoint(place) for place in range(count)),
    )


def _operator(table: Any, model: Any) -> Operator:
    code = model.OperatorCodes(table.OpcodeIndex())
    # Codes above 127 only fit the newer field; older readers look at the deprecated one.
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    return Operator(
        name=OPERATOR_NAMES[builtin],
        version=code.Version(),
        inputs=tuple(table.Inputs(place) for place in range(table.InputsLength())),
        outputs=tuple(table.Outputs(place) for place in range(table.OutputsLength())),
    )


def read_graph(path: Path) -> Graph:
    """Parse a .tflite file.

    Raises:
        BadInputError: not a .tflite file.
    """
    content = path.read_bytes()
    if content[4:8] != FILE_IDENTIFIER:
        raise BadInputError(f"{path} is no TFLite file: bytes 4 to 7 are {content[4:8]!r}, wanted b'TFL3'")
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    tensors = tuple(_tensor(graph.Tensors(place), model) for place in range(graph.TensorsLength()))
    return Graph(
        subgraphs=model.SubgraphsLength(),
        tensors=tensors,
        operators=tuple(_operator(graph.Operators(place), model) for place in range(graph.OperatorsLength())),
        inputs=tuple(tensors[graph.Inputs(place)] for place in range(graph.InputsLength())),
        outputs=tuple(tensors[graph.Outputs(place)] for place in range(graph.OutputsLength())),
    )
