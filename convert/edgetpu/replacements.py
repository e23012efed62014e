"""Replacements for operators that integer accelerators refuse or that lose accuracy at int8.

Some of these map and still lose accuracy at int8 (SiLU, squeeze-excite): they are named as well.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from convert.edgetpu.rules import Node
from convert.tflite.file import Graph

RELU = "ReLU, and PReLU with one slope a channel where a negative side is needed"
POOL = "avg_pool2d over the whole map: one AVERAGE_POOL_2D"
STEP = "outside the network: raw maps out, decoding on the CPU"
GROW = "nearest upsampling by 2 and a convolution"

INSTEAD = {
    "ARG_MAX": STEP,
    "DEPTH_TO_SPACE": GROW,
    "DIV": "a multiplication by a constant",
    "ELU": RELU,
    "EXP": STEP,
    "GATHER": STEP,
    "GATHER_ND": STEP,
    "GELU": RELU,
    "HARD_SWISH": RELU,
    "LEAKY_RELU": RELU,
    "POW": "a multiplication by itself, or BatchNorm in place of the norm it belongs to",
    "RESIZE_BILINEAR": GROW,
    "SPLIT_V": "two convolutions with half of the channels each",
    "TOPK_V2": STEP,
    "TRANSPOSE": "channels-last layers throughout; " + POOL + " where a mean over (2, 3) made it",
    "TRANSPOSE_CONV": GROW,
}
"""By the operator's name alone."""


@dataclass(frozen=True)
class Replacement:
    """A part of the network that should be replaced."""

    what: str
    places: tuple[int, ...]
    """Indices of its operators."""
    instead: str

    def sentence(self) -> str:
        """One sentence for the report."""
        more = "" if len(self.places) == 1 else f" and {len(self.places) - 1} more"
        return f"{self.what} (operator {self.places[0]}{more}): {self.instead}"


def _is_silu(node: Node, gates: dict[int, int]) -> bool:
    """X * sigmoid(x): a product of a LOGISTIC's output and of its input."""
    places = node.operator.inputs
    return node.operator.name == "MUL" and any(gates.get(place) in places for place in places)


def _is_gated_channel(node: Node) -> bool:
    """A map times one computed number a channel: squeeze-excite."""
    shapes = [tensor.shape for tensor in node.taken]
    if node.operator.name != "MUL" or len(shapes) != 2 or any(len(shape) != 4 for shape in shapes):
        return False
    small, large = sorted(shapes, key=lambda shape: shape[1] * shape[2])
    return small[1:3] == (1, 1) and large[1:3] != (1, 1)


def _is_spread_point(node: Node) -> bool:
    """A single place that is resized to a map: DeepLab's image pooling."""
    shapes = [tensor.shape for tensor in node.taken]
    return node.operator.name == "RESIZE_BILINEAR" and any(shape[1:3] == (1, 1) for shape in shapes)


def _is_attention(node: Node) -> bool:
    """A product of two computed matrices, or weights that are computed."""
    if node.operator.name == "FULLY_CONNECTED":
        return len(node.taken) > 1
    return node.operator.name == "BATCH_MATMUL"


def _is_layer_norm(node: Node) -> bool:
    """The square root or the squared difference inside a norm that measures at run time."""
    return node.operator.name in ("RSQRT", "SQRT", "SQUARED_DIFFERENCE")


def _found(what: str, instead: str, places: Iterable[int]) -> list[Replacement]:
    chosen = tuple(places)
    return [Replacement(what, chosen, instead)] if chosen else []


def replacements(graph: Graph) -> list[Replacement]:
    """Every part of the graph with a better replacement, whole layers first."""
    nodes = [Node.of(graph, operator) for operator in graph.operators]
    sigmoids = (node for node in graph.operators if node.name == "LOGISTIC" and node.inputs and node.outputs)
    gates = {node.outputs[0]: node.inputs[0] for node in sigmoids}

    def places(fits: Callable[[Node], bool]) -> list[int]:
        return [place for place, node in enumerate(nodes) if fits(node)]

    found = [
        *_found("SiLU", f"{RELU}; int8 loses much at SiLU", places(lambda node: _is_silu(node, gates))),
        *_found("squeeze-excite", "leave it out, wider layers instead", places(_is_gated_channel)),
        *_found(
            "image pooling", "a sum with the pooled point, which needs no resize", places(_is_spread_point)
        ),
        *_found("softmax attention", "convolutions; attention stays in float", places(_is_attention)),
        *_found("LayerNorm", "BatchNorm, which folds into the convolution", places(_is_layer_norm)),
    ]
    for name, instead in INSTEAD.items():
        found += _found(
            name, instead, [place for place, node in enumerate(nodes) if node.operator.name == name]
        )
    return found
