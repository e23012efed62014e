"""A larger network that begins with the function of a smaller one of its family.

Net2Net (Chen, Goodfellow and Shlens, ICLR 2016, arXiv 1511.05641) with zeros in place of copies: what
is new contributes nothing at first, so the grown network computes what the small one did.

- A new channel is computed with random weights, as in a fresh network; the weights by which old channels
  use it begin at zero. Both have gradients from the first step on.
- A new residual block, and a new context, end in a BatchNorm of gain zero (Goyal et al., 2017, arXiv
  1706.02677), so they add nothing at first.
"""

import torch
from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.landmark_student import Context, Residual

LAST_NORMS: dict[type[nn.Module], str] = {Residual: "second.1.weight", Context: "spread.1.weight"}
"""Gain of the last BatchNorm of a part whose output is added to its input."""


@torch.no_grad()
def grow(old: dict[str, Tensor], large: nn.Module) -> nn.Module:
    """Fill `large` (freshly made) so that it computes what a network with weights `old` does; it is returned.

    Raises:
        BadInputError: some part of `large` is smaller than its counterpart, or missing.
    """
    silent: tuple[str, ...] = ()
    for name, module in large.named_modules():
        last = LAST_NORMS.get(type(module))
        # Parts inside one that contributes nothing need no zero gain of their own.
        if last and f"{name}.{last}" not in old and not name.startswith(silent):
            nn.init.zeros_(large.get_parameter(f"{name}.{last}"))
            silent += (f"{name}.",)
    new = large.state_dict()
    for name, value in old.items():
        if name not in new or any(a > b for a, b in zip(value.shape, new[name].shape, strict=True)):
            raise BadInputError(f"the network to start from has a larger {name}: start from a smaller one")
        _fill(new[name], value)
    return large


def _fill(new: Tensor, old: Tensor) -> None:
    """The leading part of `new` becomes `old`; what old outputs draw from new inputs becomes zero."""
    if old.ndim == 0:
        new.copy_(old)
        return
    outputs = slice(0, old.shape[0])
    if old.ndim > 1:
        new[outputs].zero_()
    new[tuple(slice(0, length) for length in old.shape)].copy_(old)
