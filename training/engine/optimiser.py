"""The optimiser, its learning rate over a run, frozen parts, and the averaged weights that are handed on."""

import math

import torch
from torch import nn

from device.contract.errors import BadInputError
from training.engine.settings import OptimiserSettings
from training.models.backbone import Backbone
from training.models.landmark_student import FeaturePyramid

OPTIMISERS: dict[str, type[torch.optim.Adam]] = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
"""By the name that a run file gives."""
NEW_SHARE = 0.1
"""Of a batch in BatchNorm's running statistics."""
SETTLING_STEPS = 10
"""Steps after which the mean over all batches gives a batch that share."""


def _cosine(step: int, steps: int, warm_up: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(steps - warm_up, 1)))


def learning_rate(step: int, steps: int, settings: OptimiserSettings) -> float:
    """Linear warm-up, then the schedule.

    Raises:
        BadInputError: an unknown schedule.
    """
    warm_up = max(int(steps * settings.warm_up), 1) if settings.warm_up else 0
    if step < warm_up:
        return settings.learning_rate * (step + 1) / warm_up
    if settings.schedule == "cosine":
        return settings.learning_rate * _cosine(step, steps, warm_up)
    if settings.schedule == "steps":
        return settings.learning_rate * 0.1 ** sum(step >= steps * share for share in settings.milestones)
    if settings.schedule == "inverse_time":
        return settings.learning_rate / (1 + settings.inverse_time * step)
    raise BadInputError(f"[optimiser] schedule is {settings.schedule!r}, known: cosine, steps, inverse_time")


def make_optimiser(
    model: nn.Module, settings: OptimiserSettings, extra: nn.Module | None = None
) -> torch.optim.Optimizer:
    """AdamW or Adam; without decay for biases and BatchNorm gains.

    Raises:
        BadInputError: another kind.
    """
    kind = OPTIMISERS.get(settings.kind)
    if kind is None:
        raise BadInputError(f"[optimiser] kind is {settings.kind!r}, known: {', '.join(OPTIMISERS)}")
    weights = [*model.parameters(), *(() if extra is None else extra.parameters())]
    weights = [weight for weight in weights if weight.requires_grad]
    decayed = [weight for weight in weights if weight.ndim > 1]
    free = [weight for weight in weights if weight.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    return kind(groups, lr=settings.learning_rate)


def frozen_parts(model: nn.Module, settings: OptimiserSettings) -> list[nn.Module]:
    """The trunk's stem and first blocks, where the run freezes them.

    Raises:
        BadInputError: the network has no blocks to freeze, or not so many.
    """
    if not settings.frozen_blocks:
        return []
    trunk = model if isinstance(model, FeaturePyramid) else getattr(model, "backbone", None)
    blocks = trunk.blocks() if isinstance(trunk, FeaturePyramid | Backbone) else []
    if settings.frozen_blocks >= len(blocks):
        raise BadInputError(
            f"[optimiser] frozen_blocks is {settings.frozen_blocks}, the network's trunk has "
            f"{max(len(blocks) - 1, 0)} blocks"
        )
    return blocks[: settings.frozen_blocks + 1]


def freeze(model: nn.Module, settings: OptimiserSettings) -> None:
    """Take the frozen blocks' weights out of learning: no gradient is computed for them, or before them."""
    for part in frozen_parts(model, settings):
        part.requires_grad_(False)


def begin_learning(model: nn.Module, settings: OptimiserSettings) -> None:
    """Training mode, but for BatchNorm's statistics where the run freezes them."""
    model.train()
    for part in frozen_parts(model, settings):
        part.eval()
    for part in model.modules() if settings.frozen_norms else ():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001  # the base of all kinds
            part.eval()


def settle_statistics(model: nn.Module) -> None:
    """Let a fresh BatchNorm's running statistics be the mean over its first batches; called before each.

    It begins with mean 0 and variance 1 and forgets them by a tenth a step: after a few steps a deep network
    in evaluation mode multiplies what is wrong with that, layer by layer. One that has seen batches is left
    alone.
    """
    kind = nn.modules.batchnorm._BatchNorm  # noqa: SLF001  # the base of all kinds
    for part in model.modules():
        if isinstance(part, kind) and part.momentum is not None:
            part.momentum = max(NEW_SHARE, 1 / (int(part.num_batches_tracked or 0) + 1))


class Average:
    """Exponential moving average of weights and BatchNorm statistics."""

    def __init__(self, model: nn.Module, average: nn.Module, decay: float) -> None:
        """`average` is a twin of `model`, overwritten with its weights."""
        self.model, self.average, self.decay = model, average.eval(), decay
        self.average.load_state_dict(model.state_dict())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the model; faster in the first steps, when the model still changes a lot."""
        decay = min(self.decay, (1 + step) / (10 + step))
        kept = self.average.state_dict()
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                kept[name].lerp_(value, 1 - decay)
            else:
                kept[name].copy_(value)
