"""EfficientFAN: integral coordinates, and a student that learns its teacher's features.

Gao et al., ICMR 2020.
"""

from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor

from training.data.augment import Batch
from training.losses import heatmap as losses
from training.losses.feature import Adapters, feature_aligned_loss, patch_similarity_loss
from training.losses.map_targets import point_maps
from training.losses.wing import wing_loss
from training.models.decode import mass_expectation
from training.models.integral_net import IntegralNet
from training.tasks import LossTable, TaskContext, TaskResult, weigh
from training.tasks.targets import Targets, targets_of


@dataclass(frozen=True)
class IntegralLoss(LossTable):
    """[loss] of task `integral`: EfficientFAN, from labels alone or with a teacher."""

    map: float = 1000.0
    """Mean squared error of the maps against Gaussians of height 1."""
    coordinate: float = 0.1
    """Wing loss of the points, pixels of a 256-pixel crop."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    feature: float = 0.0
    """Feature-aligned distillation at four stages."""
    patch: float = 0.0
    """Patch-similarity distillation at the decoder's three stages."""
    sigma_cells: float = 2.0
    """Of the Gaussians, cells of the map: as in the authors' own MobileFAN, EfficientFAN's is not known."""

    @property
    def roles(self) -> frozenset[str]:
        """One teacher, where its features are learnt."""
        return frozenset({"teacher"} if self.feature or self.patch else ())


class IntegralTask:
    """Maps by squared error, points by wing; with a teacher its features and how alike their places are."""

    def __init__(
        self,
        model: IntegralNet,
        settings: IntegralLoss,
        teacher: IntegralNet | None,
        adapters: Adapters | None,
    ) -> None:
        """The teacher is frozen, the adapters are trained."""
        self.model, self.settings, self.teacher, self.extra = model, settings, teacher, adapters

    @classmethod
    def build(cls, context: TaskContext) -> Self:
        """The task of a run, with adapters where features are aligned."""
        model = cast("IntegralNet", context.model)
        teacher = cast("IntegralNet | None", context.teachers.get("teacher"))
        if teacher is None or not context.loss.feature:
            return cls(model, context.loss, teacher, None)
        adapters = Adapters(model.stage_widths, teacher.stage_widths).to(context.device)
        return cls(model, context.loss, teacher, adapters)

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward and loss of one batch."""
        stages, maps, presence = self.model.stages(batch.image)
        terms = self.label_terms(maps, targets_of(batch))
        terms["presence"] = losses.presence_loss(presence, batch.face)
        if self.teacher is not None:
            terms |= self.teacher_terms(self.teacher, stages, batch)
        return weigh(terms, self.settings)

    def label_terms(self, maps: Tensor, targets: Targets) -> dict[str, Tensor]:
        """Terms against the labels."""
        cells = maps.shape[2]
        stride = targets.side / cells
        wanted = point_maps(targets.inside, cells, stride, self.settings.sigma_cells * stride)
        square = (maps.float() - wanted).square().mean((2, 3))
        points = mass_expectation(maps, stride)
        wing = wing_loss(points / targets.unit, targets.inside / targets.unit).mean(2)
        return {"map": (square * targets.weight).mean(), "coordinate": (wing * targets.weight).mean()}

    def teacher_terms(self, teacher: IntegralNet, stages: list[Tensor], batch: Batch) -> dict[str, Tensor]:
        """Terms against the teacher's features; those of weight zero are not computed."""
        with torch.no_grad():
            taught, _, _ = teacher.stages(batch.image)
        terms = {}
        if self.settings.feature and self.extra is not None:
            aligned = [
                feature_aligned_loss(adapter(ours), theirs)
                for adapter, ours, theirs in zip(self.extra, stages, taught, strict=True)
            ]
            terms["feature"] = losses.over_faces(torch.stack(aligned).sum(0), batch.face)
        if self.settings.patch:
            alike = map(patch_similarity_loss, stages[1:], taught[1:])
            terms["patch"] = losses.over_faces(torch.stack(list(alike)).sum(0), batch.face)
        return terms
