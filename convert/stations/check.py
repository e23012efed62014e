"""Station 5: both files obey the rules that keep them fast, whole and readable by old compilers.

Each rule is a function from a graph to complaints, and its docstring is its row in README.md.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from convert.handover.description import Handover, read_handover
from convert.job import Job
from convert.tflite.file import Graph, read_graph
from device.contract.errors import GateError
from device.contract.files import write_whole_bytes

Rule = Callable[[Graph], list[str]]

ALLOWED_OPERATORS = frozenset(
    {
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "MAX_POOL_2D",
        "PAD",
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
    }
)
"""What the Edge TPU and Vela both map, and nothing that only moves data about."""

HINTS = {
    "TRANSPOSE": "torch's mean over (2, 3) gives one before MEAN: use avg_pool2d over the whole map",
    "MEAN": "use avg_pool2d over the whole map",
    "QUANTIZE": "an operator changes the scale: keep one scale per branch",
    "DEQUANTIZE": "an operator has no int8 form: replace it in the network",
}

INPUT_SCALE, INPUT_ZERO_POINT = 1 / 128, 0


def only_allowed_operators(graph: Graph) -> list[str]:
    """Only convolutions, sums, pools, padding, nearest upsampling: no TRANSPOSE, no QUANTIZE inside."""
    foreign = sorted({node.name for node in graph.operators} - ALLOWED_OPERATORS)
    return [f"operator {name} ({HINTS.get(name, 'not on the list of allowed ones')})" for name in foreign]


def one_static_graph(graph: Graph) -> list[str]:
    """One subgraph, batch 1, every shape known."""
    many = [f"{graph.subgraphs} subgraphs, wanted 1"] if graph.subgraphs != 1 else []
    moving = [
        f"tensor {tensor.name} of shape {tensor.shape}, wanted static with batch 1"
        for tensor in (*graph.inputs, *graph.outputs)
        if not tensor.static or tensor.shape[:1] != (1,)
    ]
    return many + moving


def input_is_the_pixel(graph: Graph) -> list[str]:
    """int8 input of scale exactly 1/128 and zero point 0: the uint8 pixel with its highest bit flipped."""
    wanted = ("int8", (INPUT_SCALE,), (INPUT_ZERO_POINT,))
    got = [(tensor.dtype, tensor.scales, tensor.zero_points) for tensor in graph.inputs]
    if got == [wanted]:
        return []
    return [f"input quantisation {got}, wanted {[wanted]}: calibration crops must hold pixels 0 and 255"]


def outputs_are_int8(graph: Graph) -> list[str]:
    """int8 outputs with one scale each."""
    return [
        f"output {tensor.name} is {tensor.dtype} with {len(tensor.scales)} scales, wanted int8 with one"
        for tensor in graph.outputs
        if tensor.dtype != "int8" or len(tensor.scales) != 1
    ]


def no_float_inside(graph: Graph) -> list[str]:
    """Every computed tensor is int8; int32 only for biases and shapes, which are constants."""
    return [
        f"tensor {tensor.name} is {tensor.dtype}"
        for tensor in graph.tensors
        if tensor.dtype != "int8" and not (tensor.constant and tensor.dtype == "int32")
    ]


def convolutions_are_per_channel(graph: Graph) -> list[str]:
    """Each convolution's weights have one scale per output channel, zero point 0."""
    complaints = []
    for node in graph.operators:
        if node.name not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            continue
        weights, made = graph.tensors[node.inputs[1]], graph.tensors[node.outputs[0]]
        if len(weights.scales) != made.shape[-1] or any(weights.zero_points):
            complaints.append(f"weights {weights.name} with {len(weights.scales)} scales")
    return complaints


def ends_are_float(graph: Graph) -> list[str]:
    """float32 input and outputs."""
    return [
        f"tensor {tensor.name} is {tensor.dtype}, wanted float32"
        for tensor in (*graph.inputs, *graph.outputs)
        if tensor.dtype != "float32"
    ]


INT8_RULES: tuple[Rule, ...] = (
    only_allowed_operators,
    one_static_graph,
    input_is_the_pixel,
    outputs_are_int8,
    no_float_inside,
    convolutions_are_per_channel,
)
FLOAT_RULES: tuple[Rule, ...] = (only_allowed_operators, one_static_graph, ends_are_float)

DESIGN_RULES: frozenset[Rule] = frozenset({only_allowed_operators, no_float_inside})
"""Held only for the target `npu`; elsewhere the comparison alone decides."""


def check_graph(graph: Graph, rules: Iterable[Rule], path: Path) -> None:
    """Apply the rules.

    Raises:
        GateError: what breaks them, the first three.
    """
    complaints = [complaint for rule in rules for complaint in rule(graph)]
    if complaints:
        more = f" and {len(complaints) - 3} more" if len(complaints) > 3 else ""
        raise GateError(f"{path} breaks the rules of convert/README.md: {'; '.join(complaints[:3])}{more}")


def rule_table(rules: Sequence[Rule]) -> str:
    """Markdown rows of the rules, as README.md holds them."""
    return "\n".join(f"| `{rule.__name__}` | {(rule.__doc__ or '').strip()} |" for rule in rules)


def run(job: Job) -> str:
    """Check both files and keep their operator counts."""
    histograms = {}
    handover = read_handover(job.description)
    strict = not isinstance(handover, Handover) or handover.target == "npu"
    spared = frozenset() if strict else DESIGN_RULES
    for model, rules in zip(job.models, (INT8_RULES, FLOAT_RULES), strict=True):
        graph = read_graph(model)
        check_graph(graph, [rule for rule in rules if rule not in spared], model)
        histograms[model.name] = graph.histogram
    write_whole_bytes(job.operators, (json.dumps(histograms, indent=1) + "\n").encode())
    return ", ".join(f"{count} {name}" for name, count in histograms[job.int8_model.name].items())
