"""EfficientFAN: integral coordinates, and a student that learns its teacher's features.

Gao et al., ICMR 2020.
"""

import torch
from torch import Tensor

from training.data.augment import Batch
from training.engine.system_settings import IntegralLoss
from training.losses import heatmap as losses
from training.losses.feature import Adapters, feature_aligned_loss, patch_similarity_loss
from training.losses.map_targets import point_maps
from training.losses.wing import wing_loss
from training.models.decode import mass_expectation
from training.models.integral_net import IntegralNet
from training.tasks import TaskResult
from training.tasks.batches import Targets, targets_of
from training.tasks.supervised import weigh


class IntegralTask:
    """Maps by squared error, points by wing; with a teacher its features and their likeness."""

    def __init__(
        self,
        model: IntegralNet,
        settings: IntegralLoss,
        teacher: IntegralNet | None,
        adapters: Adapters | None,
    ) -> None:
        """The teacher is frozen, the adapters are trained."""
        self.model, self.settings, self.teacher, self.adapters = model, settings, teacher, adapters

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
        wanted = point_maps(targets.inside, cells, stride, self.settings.sigma_px * targets.unit)
        square = (maps.float() - wanted).square().mean((2, 3))
        points = mass_expectation(maps, stride)
        wing = wing_loss(points / targets.unit, targets.inside / targets.unit).mean(2)
        return {"map": (square * targets.weight).mean(), "coordinate": (wing * targets.weight).mean()}

    def teacher_terms(self, teacher: IntegralNet, stages: list[Tensor], batch: Batch) -> dict[str, Tensor]:
        """Terms against the teacher's features; only those that count are computed."""
        with torch.no_grad():
            told, _, _ = teacher.stages(batch.image)
        terms = {}
        if self.settings.feature and self.adapters is not None:
            aligned = [
                feature_aligned_loss(adapter(ours), theirs)
                for adapter, ours, theirs in zip(self.adapters, stages, told, strict=True)
            ]
            terms["feature"] = losses.over_faces(torch.stack(aligned).sum(0), batch.face)
        if self.settings.patch:
            alike = [
                patch_similarity_loss(ours, theirs) for ours, theirs in zip(stages[1:], told[1:], strict=True)
            ]
            terms["patch"] = losses.over_faces(torch.stack(alike).sum(0), batch.face)
        return terms
