"""What a .tflite file holds: its operators with their versions, its tensors with their quantisation.

Read through the flatbuffer schema inside the ai-edge-litert wheel, so no TensorFlow is needed.
"""

import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.tensors import TensorSpec

FILE_IDENTIFIER = b"TFL3"


def _names_by_value(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


OPERATOR_NAMES = _names_by_value(schema.BuiltinOperator)
TYPE_NAMES = _names_by_value(schema.TensorType)


FIXED_WIDTH = ("int8", "uint8", "int16", "int32", "int64", "float16", "float32", "float64", "bool")
"""Types whose constant values can be read as an array."""

DAMAGE = (struct.error, IndexError, KeyError, ValueError, TypeError, AttributeError, OverflowError)
"""What the schema's reader raises on bytes that are no whole file."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph, with its type, its shape and, where it is constant, its values."""

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
    variable: bool = False
    """Keeps its values from one inference to the next: the state of an LSTM."""
    outside: bool = False
    """Its values lie behind the flatbuffer, where readers older than TensorFlow 2.14 do not look."""
    values: NDArray[Any] | None = field(default=None, compare=False, repr=False)
    """A constant's values in the tensor's shape, a view of the file's bytes."""

    @property
    def spec(self) -> TensorSpec:
        """As a manifest states it; only for tensors of one scale or none."""
        scale = self.scales[0] if self.scales else 0.0
        zero_point = self.zero_points[0] if self.scales else 0
        return TensorSpec(self.name, self.shape, self.dtype, scale, zero_point)

    @property
    def size(self) -> int:
        """Elements; a dimension left to run time counts as one."""
        return int(np.prod([max(extent, 1) for extent in self.shape], dtype=np.int64))

    @property
    def stored_bytes(self) -> int:
        """Bytes of a constant's values in the file."""
        return 0 if self.values is None else int(self.values.nbytes)


@dataclass(frozen=True)
class Operator:
    """One node of the graph."""

    name: str
    """As the schema spells it, CONV_2D; a custom one's own name."""
    version: int
    inputs: tuple[int, ...]
    """Indices into the graph's tensors; -1 for one that is left out."""
    outputs: tuple[int, ...]
    options: Any = field(default=None, compare=False)
    """The schema's object for this kind of operator, or None."""
    code: int = field(default=0, compare=False)
    """In the schema's list of builtin operators."""

    @property
    def custom(self) -> bool:
        """Not one of TFLite's own."""
        return bool(self.code == schema.BuiltinOperator.CUSTOM)


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


def _values(shape: tuple[int, ...], dtype: str, content: NDArray[np.uint8]) -> NDArray[Any] | None:
    """The bytes as an array; None for packed, sparse or textual values."""
    if dtype not in FIXED_WIDTH:
        return None
    width = np.dtype(dtype).itemsize
    if len(content) != width * int(np.prod(shape, dtype=np.int64)):
        return None
    return np.frombuffer(content.tobytes(), dtype).reshape(shape)


def _zero_points(quantisation: Any) -> tuple[int, ...]:
    """One per scale; a file may leave out those that are all 0."""
    if quantisation.zeroPoint is None:
        return (0,) * len(quantisation.scale)
    return tuple(int(zero) for zero in quantisation.zeroPoint)


def _stored(buffer: Any, file: bytes) -> tuple[Any, bool]:
    """A buffer's bytes, an array or None, and whether they lie behind the flatbuffer.

    Raises:
        IndexError: they would lie behind the end of the file.
    """
    # 0 and 1 stand for an offset that is not set.
    if buffer.offset <= 1:
        return buffer.data, False
    if buffer.offset + buffer.size > len(file):
        raise IndexError(f"a buffer up to byte {buffer.offset + buffer.size} of {len(file)}")
    return np.frombuffer(file, np.uint8, buffer.size, buffer.offset), True


def _tensor(table: Any, buffers: list[Any], file: bytes) -> Tensor:
    shape = tuple(int(extent) for extent in (() if table.shape is None else table.shape))
    signature = () if table.shapeSignature is None else table.shapeSignature
    dtype = TYPE_NAMES[table.type].lower()
    content, outside = _stored(buffers[table.buffer], file)
    constant = content is not None and len(content) > 0
    quantisation = table.quantization
    scaled = quantisation is not None and quantisation.scale is not None
    return Tensor(
        name=(table.name or b"").decode(errors="replace"),
        shape=shape,
        static=all(extent >= 0 for extent in signature),
        dtype=dtype,
        constant=constant,
        scales=tuple(float(scale) for scale in quantisation.scale) if scaled else (),
        zero_points=_zero_points(quantisation) if scaled else (),
        variable=bool(table.isVariable),
        outside=outside,
        values=_values(shape, dtype, content) if constant else None,
    )


def _operator(table: Any, codes: list[Any]) -> Operator:
    code = codes[table.opcodeIndex]
    # Codes above 127 only fit the newer field; older readers look at the deprecated one.
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    name = OPERATOR_NAMES.get(builtin, f"BUILTIN_{builtin}")
    if builtin == schema.BuiltinOperator.CUSTOM:
        name = (code.customCode or b"CUSTOM").decode(errors="replace")
    return Operator(
        name=name,
        version=code.version,
        inputs=tuple(int(place) for place in (() if table.inputs is None else table.inputs)),
        outputs=tuple(int(place) for place in (() if table.outputs is None else table.outputs)),
        options=table.builtinOptions,
        code=builtin,
    )


def _check_places(operators: Iterable[Operator], ends: Iterable[int], count: int) -> None:
    """Every place is a tensor's, or -1 for an operator's input that is left out."""
    inputs = {place for node in operators for place in node.inputs} - {-1}
    outputs = {place for node in operators for place in node.outputs}
    strange = sorted(place for place in inputs | outputs | set(ends) if not 0 <= place < count)
    if strange:
        raise IndexError(f"tensor {strange[0]} of {count}")


def _graph(file: bytes) -> Graph:
    model = schema.ModelT.InitFromPackedBuf(file)
    main = model.subgraphs[0]
    tensors = tuple(_tensor(table, model.buffers, file) for table in main.tensors)
    operators = tuple(_operator(table, model.operatorCodes) for table in main.operators or ())
    inputs, outputs = (() if ends is None else ends for ends in (main.inputs, main.outputs))
    _check_places(operators, (*inputs, *outputs), len(tensors))
    return Graph(
        subgraphs=len(model.subgraphs),
        tensors=tensors,
        operators=operators,
        inputs=tuple(tensors[place] for place in inputs),
        outputs=tuple(tensors[place] for place in outputs),
    )


def read_content(path: Path) -> bytes:
    """The bytes of a .tflite file.

    Raises:
        BadInputError: no such file, not readable, or not a .tflite file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"cannot read {path} ({error.strerror}): give a .tflite file") from error
    if content[4:8] != FILE_IDENTIFIER:
        raise BadInputError(f"{path} is no TFLite file: bytes 4 to 7 are {content[4:8]!r}, wanted b'TFL3'")
    return content


def read_graph(path: Path) -> Graph:
    """Parse a .tflite file.

    Raises:
        BadInputError: no such file, not a .tflite file, or one that is damaged.
    """
    content = read_content(path)
    try:
        return _graph(content)
    except DAMAGE as error:
        raise BadInputError(
            f"{path} is damaged ({type(error).__name__} while its graph was read), wanted a whole TFLite "
            f"file: copy or convert it again"
        ) from error
