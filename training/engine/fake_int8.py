"""Quantisation-aware training: what a layer reads is rounded as int8 will round it.

Jacob et al., CVPR 2018 (arXiv 1712.05877): forward with rounded tensors, backward as if they were not (the
straight-through estimator). Activations alone are rounded, one range a tensor, as TFLite has them: weights
have a range a channel there, which loses little, and folding BatchNorm into them does not change that.

A tensor is rounded where it is read by a convolution, a matrix product, a sum or a product, not where it is
made: BatchNorm and ReLU become part of the convolution before them and never see an integer.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

LEVELS = 255
"""Steps between the smallest and the largest value of a tensor."""
LEARNT_LAYERS = frozenset({functional.conv2d, functional.conv_transpose2d, functional.linear, torch.conv2d})
"""Their first operand is an activation; the others are weights."""
PAIRS = frozenset(
    {torch.add, torch.mul, torch.matmul, Tensor.add, Tensor.mul, Tensor.matmul}
    | {Tensor.__add__, Tensor.__iadd__, Tensor.__mul__, Tensor.__matmul__}
)
"""Both operands may be activations."""


def rounded(values: Tensor) -> Tensor:
    """The tensor in LEVELS steps from its minimum to its maximum, 0 among them; gradients pass unchanged."""
    with torch.no_grad():
        low, high = values.amin().float().clamp_max(0), values.amax().float().clamp_min(0)
        scale = ((high - low) / LEVELS).clamp_min(1e-8)
        zero_point = (-low / scale).round().to(torch.int32)
    return torch.fake_quantize_per_tensor_affine(values.float(), scale, zero_point, 0, LEVELS).to(
        values.dtype
    )


def _is_activation(value: Any) -> bool:
    """A batch of features: no weight, no constant without an axis for the images."""
    return isinstance(value, Tensor) and not isinstance(value, nn.Parameter) and value.is_floating_point()


class FakeInt8(TorchFunctionMode):
    """Within it, every activation that a layer reads is rounded."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Round what `func` reads, then call it."""
        count = 1 if func in LEARNT_LAYERS else 2 if func in PAIRS else 0
        read = [
            rounded(value) if _is_activation(value) and value.ndim > 1 else value for value in args[:count]
        ]
        return func(*read, *args[count:], **(kwargs or {}))


def learn_in_int8(model: nn.Module) -> None:
    """Let a network compute as in int8 while it is in training mode.

    Its parts and not the whole: tasks call what they want of it. In evaluation nothing is rounded.
    """
    entered: list[FakeInt8] = []

    def enter(part: nn.Module, _: Any) -> None:
        if part.training:
            entered.append(FakeInt8())
            entered[-1].__enter__()

    def leave(part: nn.Module, *_: Any) -> None:
        if part.training:
            entered.pop().__exit__(None, None, None)

    for part in model.children():
        part.register_forward_pre_hook(enter)
        part.register_forward_hook(leave, always_call=True)
