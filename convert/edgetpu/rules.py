"""What the Edge TPU takes: one function a constraint, its docstring one row of EDGETPU_RULES.md.

The list of operators and most limits are those of Coral's "TensorFlow models on the Edge TPU"; limits
on sizes are not published there and are marked "observed": the sizes on both sides of the line come
from users' compiler logs. `python -m convert.edgetpu.rules` writes EDGETPU_RULES.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.tflite.file import Graph, Operator, Tensor
from device.contract.files import write_whole_bytes

RULES_PAGE = Path(__file__).with_name("EDGETPU_RULES.md")

SUPPORTED = (
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "EXPAND_DIMS",
    "FULLY_CONNECTED",
    "L2_NORMALIZATION",
    "LOGISTIC",
    "LSTM",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MEAN",
    "MINIMUM",
    "MUL",
    "PACK",
    "PAD",
    "PRELU",
    "QUANTIZE",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "RSQRT",
    "SLICE",
    "SOFTMAX",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SQUARED_DIFFERENCE",
    "SQUEEZE",
    "STRIDED_SLICE",
    "SUB",
    "SUM",
    "TANH",
    "TRANSPOSE",
    "TRANSPOSE_CONV",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
)
"""Coral's table of operations, as TFLite spells them."""

NOT_SUPPORTED = "Operation not supported"
UNSUPPORTED_TYPE = "Operation is working on an unsupported data type"
UNSUPPORTED_RANK = "Tensor has unsupported rank (up to 3 innermost dimensions mapped)"
LIMITED = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
IMPRECISE = "Image-interpolation layer won't run precisely enough on Edge TPU"
LARGE_SOFTMAX = "Max 16000 elements supported"
STEPS = "Only unit-sized step values supported"
"""The compiler's own words for an operator that it leaves to the CPU."""

FLEX = "Regular TensorFlow ops are not supported by this interpreter"
DYNAMIC = (
    "Attempting to use a delegate that only supports static-sized tensors with a graph that has "
    "dynamic-sized tensors"
)
REFUSE_THE_FILE = (FLEX, DYNAMIC)
"""The compiler's words where one operator makes it give up the whole file."""

MAPPED_RANK = 3
"""Dimensions that the Edge TPU computes: Coral's page calls them [y][x][z] and forbids a batch, which is one
more before them, to reduce, pack, pad and split. A tensor of three or fewer has none to forbid."""
LARGEST_SOFTMAX = 16_000
LARGEST_MOVED = 2**21
"""Elements that RESHAPE, a resize or TRANSPOSE_CONV may give; fewer than this map."""
LARGEST_SHUFFLED = 2**17
"""Elements that TRANSPOSE, or a RESHAPE that joins y and x, may move."""
LARGEST_MEAN = 2**14

NO_ACTIVATION = schema.ActivationFunctionType.NONE
PARAMETER_TYPES = ("int32", "int64")
"""Of constants that are no data: biases, axes, shapes."""
STORED_TYPES = ("int8", "uint8", "int16", *PARAMETER_TYPES)

SIZES = {
    "BATCH_TO_SPACE_ND": (1, 2),
    "BROADCAST_TO": (1,),
    "EXPAND_DIMS": (1,),
    "FILL": (0,),
    "MEAN": (1,),
    "MIRROR_PAD": (1,),
    "ONE_HOT": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "RANGE": (0, 1, 2),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "SLICE": (1, 2),
    "SPACE_TO_BATCH_ND": (1, 2),
    "SPLIT": (0,),
    "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,),
    "TILE": (1,),
    "TOPK_V2": (1,),
    "TRANSPOSE": (1,),
    "TRANSPOSE_CONV": (0,),
    "WHERE": (0,),
}
"""Which inputs decide the shape of what an operator gives."""


@dataclass(frozen=True)
class Node:
    """One operator with its tensors at hand; None stands for an input that is left out."""

    operator: Operator
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]

    @classmethod
    def of(cls, graph: Graph, operator: Operator) -> "Node":
        """Look the operator's tensors up."""
        inputs = (graph.tensors[place] if place >= 0 else None for place in operator.inputs)
        return cls(operator, tuple(inputs), tuple(graph.tensors[place] for place in operator.outputs))

    @property
    def taken(self) -> tuple[Tensor, ...]:
        """Inputs that are computed, not constant."""
        return tuple(tensor for tensor in self.inputs if tensor is not None and not tensor.constant)

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """Inputs whose values are in the file."""
        return tuple(tensor for tensor in self.inputs if tensor is not None and tensor.constant)

    @property
    def data(self) -> tuple[Tensor, ...]:
        """What flows through: computed inputs and outputs, an LSTM's state aside."""
        return tuple(tensor for tensor in (*self.taken, *self.outputs) if not tensor.variable)

    def option(self, name: str, default: Any = 0) -> Any:
        """A field of the operator's options; the schema's default where there are none."""
        return getattr(self.operator.options, name, default)

    def input(self, place: int) -> Tensor | None:
        """One input; None where it is left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def parameter(self, place: int) -> NDArray[Any] | None:
        """The values of a constant input, flat; None where there are none in the file."""
        tensor = self.input(place)
        return None if tensor is None or tensor.values is None else tensor.values.reshape(-1)


Check = Callable[[Node], str | None]
"""What was got where a node breaks the constraint, else None."""


@dataclass(frozen=True)
class Rule:
    """One constraint and the compiler's words where it is broken."""

    check: Check
    status: str
    operators: tuple[str, ...]
    """Which it is about; none for every operator."""

    @property
    def name(self) -> str:
        """The function's."""
        return self.check.__name__

    def complaint(self, node: Node) -> str | None:
        """The compiler's message, rule and actual value; None where the rule holds or does not apply."""
        if self.operators and node.operator.name not in self.operators:
            return None
        got = self.check(node)
        return None if got is None else f"{self.status}: {got} ({self.name})"


RULES: list[Rule] = []
"""In the order of checking; the first that is broken is the reason."""


def constraint(status: str, *operators: str) -> Callable[[Check], Check]:
    """Enter a function into RULES."""

    def enter(check: Check) -> Check:
        RULES.append(Rule(check, status, operators))
        return check

    return enter


@constraint(FLEX)
def operator_is_not_flex(node: Node) -> str | None:
    """No operator of TensorFlow itself (`Flex...`): the compiler cannot load the file."""
    name = node.operator.name
    return name if node.operator.custom and name.startswith("Flex") else None


@constraint(UNSUPPORTED_TYPE)
def operator_is_not_custom(node: Node) -> str | None:
    """No custom operator: `TFLite_Detection_PostProcess` and the like run on the CPU."""
    return f"custom operator {node.operator.name}" if node.operator.custom else None


@constraint(LIMITED, "QUANTIZE")
def quantize_takes_eight_bits(node: Node) -> str | None:
    """QUANTIZE only from 8 bits to 8 bits; from float it runs on the CPU, and what follows still maps."""
    wide = [tensor.dtype for tensor in node.taken if tensor.dtype not in ("int8", "uint8")]
    return f"quantises {wide[0]}" if wide else None


@constraint(DYNAMIC, *SIZES)
def sizes_are_constant(node: Node) -> str | None:
    """Shapes, sizes, axes, paddings and starts are in the file; one that is computed and nothing compiles."""
    deciding = (node.input(place) for place in SIZES[node.operator.name])
    moving = [tensor for tensor in deciding if tensor is not None and not tensor.constant]
    return f"{node.operator.name} by {moving[0].name}, which is computed" if moving else None


@constraint(UNSUPPORTED_TYPE)
def tensors_are_eight_bits(node: Node) -> str | None:
    """Every tensor that flows is int8 or uint8 with a scale; constants are integers."""
    for tensor in node.data:
        if tensor.dtype not in ("int8", "uint8"):
            return f"{tensor.name} is {tensor.dtype}"
        if not tensor.scales:
            return f"{tensor.name} is {tensor.dtype} without a scale"
    real = [tensor for tensor in node.constants if tensor.dtype not in STORED_TYPES]
    return f"constant {real[0].name} is {real[0].dtype}" if real else None


@constraint(LIMITED)
def constants_are_in_the_flatbuffer(node: Node) -> str | None:
    """Constants lie in the flatbuffer: the compiler's reader is older than the fields that say where else."""
    # Buffer.offset and Buffer.size came with TensorFlow 2.14; the compiler reads a file as 2.8 did.
    outside = [tensor for tensor in node.constants if tensor.outside]
    return f"{outside[0].name} lies behind it" if outside else None


@constraint(NOT_SUPPORTED)
def operator_is_supported(node: Node) -> str | None:
    """The operator is in Coral's table."""
    return None if node.operator.name in SUPPORTED and node.outputs else node.operator.name


@constraint(UNSUPPORTED_RANK)
def tensors_have_three_dimensions(node: Node) -> str | None:
    """At most the three innermost dimensions are above 1, so the batch is 1."""
    deep = [tensor for tensor in node.data if any(extent != 1 for extent in tensor.shape[:-3])]
    return f"{deep[0].name} has shape {deep[0].shape}" if deep else None


@constraint(LIMITED, "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "PRELU")
def parameters_are_constant(node: Node) -> str | None:
    """Weights, biases and slopes are in the file."""
    places = (0, 1, 3) if node.operator.name == "TRANSPOSE_CONV" else (1, 2)
    for place in places:
        tensor = node.input(place)
        if tensor is not None and not tensor.constant:
            return f"{tensor.name} is computed"
    return None


@constraint(LIMITED, "CONV_2D", "DEPTHWISE_CONV_2D")
def dilation_is_equal(node: Node) -> str | None:
    """The same dilation in x and y."""
    wide, high = node.option("dilationWFactor", 1), node.option("dilationHFactor", 1)
    return None if wide == high else f"dilation {wide} in x, {high} in y"


@constraint(LIMITED, "CONV_2D")
def convolution_is_not_grouped(node: Node) -> str | None:
    """Every filter sees all input channels."""
    image, filters = node.input(0), node.input(1)
    if image is None or filters is None or image.shape[-1:] == filters.shape[-1:]:
        return None
    return f"filters of {filters.shape[-1:]} channels on {image.shape[-1:]}"


@constraint(LIMITED, "AVERAGE_POOL_2D", "MAX_POOL_2D", "CONCATENATION")
def activation_is_not_fused(node: Node) -> str | None:
    """No fused activation function."""
    fused = node.option("fusedActivationFunction", NO_ACTIVATION)
    return None if fused == NO_ACTIVATION else f"fused activation {fused}"


@constraint(LIMITED, "CONCATENATION")
def concatenated_constant_is_zero(node: Node) -> str | None:
    """A constant input only beside one other, and only all (real) zeros, which is padding."""
    for tensor in node.constants:
        if len(node.inputs) != 2:
            return f"a constant among {len(node.inputs)} inputs"
        zero = tensor.zero_points[0] if tensor.zero_points else 0
        if tensor.values is None or bool((tensor.values != zero).any()):
            return f"constant {tensor.name} is not all zeros"
    return None


@constraint(LIMITED, "FULLY_CONNECTED")
def output_is_one_dimensional(node: Node) -> str | None:
    """Plain weights, and an output with one dimension above 1."""
    if node.option("weightsFormat") != schema.FullyConnectedOptionsWeightsFormat.DEFAULT:
        return "shuffled weights"
    shape = node.outputs[0].shape
    return f"output {shape}" if sum(extent > 1 for extent in shape) > 1 else None


def _axes(values: NDArray[Any] | None, rank: int) -> set[int]:
    """Axes as a parameter names them, counted from the front."""
    return set() if values is None or rank == 0 else {int(axis) % rank for axis in values}


@constraint(LIMITED, "MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")
def batch_is_not_reduced(node: Node) -> str | None:
    """No reduction of the batch dimension, which is the fourth from the inside: three or fewer have none."""
    rank = len(node.taken[0].shape) if node.taken else 0
    return "axis 0" if rank > MAPPED_RANK and 0 in _axes(node.parameter(1), rank) else None


@constraint(LIMITED, "MEAN")
def mean_over_channels_is_of_four(node: Node) -> str | None:
    """A mean over channels wants a multiple of 4 of them."""
    shape = node.taken[0].shape if node.taken else ()
    if len(shape) - 1 not in _axes(node.parameter(1), len(shape)) or shape[-1] % 4 == 0:
        return None
    return f"{shape[-1]} channels"


@constraint(LIMITED, "MEAN")
def mean_is_over_a_small_map(node: Node) -> str | None:
    """Observed: a mean over 64x128 places maps, over 256x128 it does not; the line is put at 16,384."""
    shape = node.taken[0].shape if node.taken else ()
    places = [shape[axis] for axis in _axes(node.parameter(1), len(shape))]
    count = int(np.prod(places, dtype=np.int64))
    return f"over {count} places" if count > LARGEST_MEAN else None


@constraint(LIMITED, "PACK")
def batch_is_not_packed(node: Node) -> str | None:
    """No packing in the batch dimension, the fourth from the inside."""
    axis = int(node.option("axis")) % max(len(node.outputs[0].shape), 1)
    return "axis 0" if axis == 0 and len(node.outputs[0].shape) > MAPPED_RANK else None


@constraint(LIMITED, "PAD")
def batch_is_not_padded(node: Node) -> str | None:
    """No padding in the batch dimension."""
    padding = node.parameter(1)
    batched = len(node.outputs[0].shape) > MAPPED_RANK
    return "padded batch" if batched and padding is not None and bool(padding[:2].any()) else None


@constraint(LIMITED, "SPLIT")
def batch_is_not_split(node: Node) -> str | None:
    """No splitting in the batch dimension."""
    shape = node.taken[0].shape if node.taken else ()
    return "axis 0" if len(shape) > MAPPED_RANK and 0 in _axes(node.parameter(0), len(shape)) else None


@constraint(LIMITED, "PRELU")
def slope_is_per_channel(node: Node) -> str | None:
    """Slopes have one dimension above 1, the innermost (in Keras: `shared_axes=[1, 2]`)."""
    slope = node.input(1)
    shape = () if slope is None else slope.shape
    return f"slopes of shape {shape}" if any(extent > 1 for extent in shape[:-1]) else None


def _laid_out(shape: tuple[int, ...]) -> int:
    """Elements with x and the channels each rounded up to a multiple of 4."""
    outer, inner = shape[:-2], shape[-2:]
    return int(
        np.prod([*outer, *(4 * math.ceil(extent / 4) for extent in inner if extent > 1)], dtype=np.int64)
    )


@constraint(LIMITED, "RESHAPE")
def reshape_is_small(node: Node) -> str | None:
    """Observed: 40x40x810 maps, 80x80x255 to 6400x3x85 does not; sides count in fours, the line is 2 Mi."""
    elements = _laid_out(node.outputs[0].shape)
    return f"{elements} elements" if elements >= LARGEST_MOVED else None


@constraint(LIMITED, "RESHAPE")
def joined_map_is_small(node: Node) -> str | None:
    """Observed: 400x3x85 joined to 1200x85 maps, 3x784x85 to 2352x85 does not; the line is put at 128 Ki."""
    before = [extent for extent in (node.taken[0].shape if node.taken else ()) if extent != 1]
    after = [extent for extent in node.outputs[0].shape if extent != 1]
    joins = len(before) == 3 and after == [before[0] * before[1], before[2]]
    return f"{node.outputs[0].size} elements" if joins and node.outputs[0].size > LARGEST_SHUFFLED else None


@constraint(LIMITED, "TRANSPOSE")
def transpose_is_small(node: Node) -> str | None:
    """Observed: 64x1029 elements map, 3x224x224 do not; the line is put at 128 Ki."""
    return f"{node.outputs[0].size} elements" if node.outputs[0].size > LARGEST_SHUFFLED else None


@constraint(LIMITED, "TRANSPOSE_CONV")
def transposed_convolution_is_small(node: Node) -> str | None:
    """Observed: an output of 128x128x64 maps, of 64x64x512 it does not; the line is put at 2 Mi elements."""
    return f"{node.outputs[0].size} elements" if node.outputs[0].size >= LARGEST_MOVED else None


@constraint(IMPRECISE, "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def resized_map_is_small(node: Node) -> str | None:
    """Observed: an output of 128x128x32 maps, of 512x512x32 it does not; the line is put at 2 Mi elements."""
    return f"{node.outputs[0].size} elements" if node.outputs[0].size >= LARGEST_MOVED else None


@constraint(IMPRECISE, "RESIZE_BILINEAR")
def resized_map_is_no_point(node: Node) -> str | None:
    """Observed: DeepLab's image pooling, 1x1 to 33x33, stays on the CPU; so does a point of any size here."""
    before = node.taken[0].shape[1:3] if node.taken else ()
    after = node.outputs[0].shape[1:3]
    return f"1x1 to {after}" if before == (1, 1) != after else None


@constraint(LIMITED, "SQUEEZE")
def squeezed_dimensions_lead(node: Node) -> str | None:
    """Only leading dimensions of 1 are dropped, so that nothing moves in memory."""
    shape = node.taken[0].shape if node.taken else ()
    dropped = node.option("squeezeDims", None)
    ones = {axis for axis, extent in enumerate(shape) if extent == 1}
    chosen = ones if dropped is None or len(dropped) == 0 else _axes(np.asarray(dropped), len(shape))
    behind = [axis for axis in chosen if any(extent > 1 for extent in shape[:axis])]
    return f"axis {behind[0]} of {shape}" if behind else None


@constraint(STEPS, "STRIDED_SLICE")
def steps_are_one(node: Node) -> str | None:
    """All strides are 1, without ellipsis or new-axis mask."""
    strides = node.parameter(3)
    if strides is None or bool((strides != 1).any()):
        return f"strides {None if strides is None else strides.tolist()}"
    masks = node.option("ellipsisMask"), node.option("newAxisMask")
    return f"masks {masks}" if any(masks) else None


@constraint(LARGE_SOFTMAX, "SOFTMAX")
def softmax_is_short(node: Node) -> str | None:
    """Softmax over at most 16,000 elements."""
    length = node.outputs[0].shape[-1] if node.outputs[0].shape else 1
    return f"over {length}" if length > LARGEST_SOFTMAX else None


def reason_against(node: Node, rules: Sequence[Rule] = tuple(RULES)) -> str | None:
    """Why this operator by itself cannot go to the Edge TPU; None where it can."""
    return next((complaint for rule in rules if (complaint := rule.complaint(node))), None)


def rules_page() -> str:
    """EDGETPU_RULES.md."""
    rows = [
        f"| `{rule.name}` | {', '.join(rule.operators) or 'every operator'} | {rule.check.__doc__} "
        f"| {rule.status} |"
        for rule in RULES
    ]
    head = (
        "# What the Edge TPU takes\n\nWritten by `python -m convert.edgetpu.rules` from the docstrings of "
        "`convert/edgetpu/rules.py`; a test holds the two\ntogether. `python -m convert check MODEL.tflite "
        "--target edgetpu` applies it to any file.\n\nThe first rule that an operator breaks is its reason, "
        "in the words of compiler 16.0's log. An operator that breaks none\nmaps, unless it depends on one "
        "that runs on the CPU after the compiled part has begun: the compiler makes one part\n"
        "(`convert/edgetpu/fit.py`). Versions beyond `convert/edgetpu/versions.py` stop the compiler before "
        "it looks at any rule,\nand `operator_is_not_flex` and `sizes_are_constant` make it give up: "
        "nothing of the file maps then.\n"
    )
    operators = f"Supported: {', '.join(SUPPORTED)}.\n"
    table = "\n".join(["| rule | operators | constraint | in the log |", "| --- | --- | --- | --- |", *rows])
    return f"{head}\n{operators}\n{table}\n"


if __name__ == "__main__":
    write_whole_bytes(RULES_PAGE, rules_page().encode())
