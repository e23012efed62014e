"""What the converters misread, written in ONNX as they read it right; the network computes the same.

onnx2tf turns channels first to channels last and has only the sizes to go by: where a map has as many
channels as it is high or wide, it may take one for the other behind a Reshape. The input of a
convolution is never in doubt.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import LiftConstantsToInitializersPass
from onnxscript import rewriter
from onnxscript.rewriter import pattern

if TYPE_CHECKING:
    import onnx

MAP_READERS = (
    "AveragePool",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "MaxPool",
    "Resize",
)
"""Operators that read maps, channels first."""
TOKEN_READERS = ("Einsum", "Flatten", "Gemm", "MatMul", "Reshape", "Transpose")
"""Operators behind which a tensor is no map any more, or has another order."""


def _gelu(op: Any, x: ir.Value) -> Any:
    """The form that TensorFlow's converter makes one GELU of (Hendrycks and Gimpel, arXiv 1606.08415)."""
    half, one, root = (op.Constant(value_float=value) for value in (0.5, 1.0, math.sqrt(0.5)))
    return op.Mul(op.Mul(x, half), op.Add(op.Erf(op.Mul(x, root)), one))


# Its forms as exporters write them; the order of factors and terms is free.


def _divided_first(op: Any, x: ir.Value) -> Any:
    return op.Mul(op.Mul(x, op.Add(op.Erf(op.Div(x, math.sqrt(2))), 1.0)), 0.5)


def _multiplied_first(op: Any, x: ir.Value) -> Any:
    return op.Mul(op.Mul(x, op.Add(op.Erf(op.Mul(x, math.sqrt(0.5))), 1.0)), 0.5)


def _divided_half_inside(op: Any, x: ir.Value) -> Any:
    return op.Mul(x, op.Mul(op.Add(op.Erf(op.Div(x, math.sqrt(2))), 1.0), 0.5))


def _named(op: Any, x: ir.Value) -> Any:
    # Without `approximate`, which names another function.
    return op.Gelu(x, _allow_other_attributes=False)


def _readers(value: ir.Value) -> Iterator[ir.Node]:
    """Nodes that read a tensor, also through operators that keep its order of dimensions."""
    waiting, seen = [value], set()
    while waiting:
        for node, _ in waiting.pop().uses():
            if node in seen:
                continue
            seen.add(node)
            yield node
            if node.op_type not in (*MAP_READERS, *TOKEN_READERS):
                waiting.extend(node.outputs)


def _map_size(value: ir.Value) -> tuple[int, int, int] | None:
    """Channels, height and width of one map; None for other tensors."""
    if value.shape is None or not value.shape.is_static():
        return None
    sizes = value.shape.numpy()
    return (sizes[1], sizes[2], sizes[3]) if len(sizes) == 4 and sizes[0] == 1 else None


def _reshaped(op: Any, x: ir.Value, shape: ir.Value) -> Any:
    return op.Reshape(x, shape, _outputs=["made"])


def _is_in_doubt(_: Any, made: ir.Value, **__: Any) -> bool:
    """Whether this is a map whose channels could be taken for its height or its width."""
    size = _map_size(made)
    if size is None or size[0] not in size[1:]:
        return False
    return any(node.op_type in MAP_READERS for node in _readers(made))


def _pinned(op: Any, x: ir.Value, made: ir.Value, **_: Any) -> Any:
    """The map with some channels of zeros more, and a 1x1 convolution that drops them."""
    size = _map_size(made)
    assert size is not None  # _is_in_doubt has looked
    count, high, wide = size
    whole = next(total for total in range(count + 1, count + 4) if total not in (high, wide))
    rows = op.Reshape(x, op.Constant(value_ints=[1, count, high * wide]))
    zeros = op.Constant(value=ir.tensor(np.zeros((1, whole - count, high * wide), np.float32)))
    maps = op.Reshape(op.Concat(rows, zeros, axis=1), op.Constant(value_ints=[1, whole, high, wide]))
    kept = np.eye(count, whole, dtype=np.float32)[:, :, None, None]
    return op.Conv(maps, op.Constant(value=ir.tensor(kept)))


GELU_FORMS = (_divided_first, _multiplied_first, _divided_half_inside, _named)
PINNING = pattern.RewriteRule(_reshaped, _pinned, _is_in_doubt)
RULES = pattern.RewriteRuleSet(
    [*(pattern.RewriteRule(form, _gelu) for form in GELU_FORMS), PINNING], commute=True
)


def rewrite(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The same network in the forms that convert.

    Args:
        model: with all shapes, and without nodes that compute constants.
    """
    rewritten = rewriter.rewrite(ir.from_proto(model), pattern_rewrite_rules=RULES)
    # onnx2tf wants constants as the graph's weights, not as nodes.
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(rewritten)
    return ir.to_proto(rewritten)
