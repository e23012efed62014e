"""A larger network that starts where a smaller one of its family stands.

Net2Net (Chen, Goodfellow and Shlens, ICLR 2016, arXiv 1511.05641) with zeros in place of copies: what
is new begins silent, so the grown network answers as the small one did, and learns on from there.

- A new channel is fed by random weights, as in a fresh network; what the old channels draw from it
  begins at zero. Both learn from the first step on: the one is not constant, the other not stuck.
- A new residual block, and a new context, end in a BatchNorm of gain zero (Goyal et al., 2017, arXiv
  1706.02677), so they add nothing at first.
"""

import torch
from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.landmark_student import Context, Residual

LAST_NORMS: dict[type[nn.Module], str] = {Residual: "second.1.weight", Context: "spread.1.weight"}
"""Gain of the BatchNorm that ends a part which is added to what it was fed."""


@torch.no_grad()
def grow(small: nn.Module, large: nn.Module) -> nn.Module:
    """Fill `large` (freshly made) so that it answers as `small`; `large` itself is returned.

    Raises:
        BadInputError: some part of `large` is smaller than its counterpart, or missing.
    """
    old = small.state_dict()
    silent: tuple[str, ...] = ()
    for name, module in large.named_modules():
        last = LAST_NORMS.get(type(module))
        # What lies within a silent part need not be silent too: it would only wake later.
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
