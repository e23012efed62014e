"""KD-Net: coordinates learnt from labels, and from a tough and a tolerant teacher at once.

Fard & Mahoor, CVIU 215 (2022) 103316, arXiv 2111.07047.
"""

import torch
from torch import Tensor, nn

from training.data.augment import Batch
from training.engine.system_settings import KdNetLoss, RegressionLoss
from training.losses import heatmap as losses
from training.losses.assistive import TOLERANT, TOUGH, assistive_loss, main_loss
from training.losses.shape_model import ShapeModel
from training.models.decode import pixels_to_coordinates
from training.tasks import TaskResult
from training.tasks.batches import Targets, targets_of
from training.tasks.supervised import weigh


def weighted_mean(values: Tensor, targets: Targets) -> Tensor:
    """Mean of (B, 2 K) values, each landmark's two by its weight."""
    return (values * targets.weight.repeat_interleave(2, dim=1)).mean()


class RegressionTask:
    """Coordinates against labels, hard or softened by a shape model."""

    def __init__(self, model: nn.Module, settings: RegressionLoss, shapes: ShapeModel | None) -> None:
        """Without `shapes` the labels are learnt as they are."""
        self.model, self.settings, self.shapes = model, settings, shapes

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward and loss of one batch."""
        coordinates, presence = self.model(batch.image)
        targets = targets_of(batch)
        labels = targets.landmarks if self.shapes is None else self.shapes.soften(targets.landmarks)
        # A crop without a face has no shape; its labels must stay numbers.
        labels = torch.where(targets.face[:, None, None] > 0, labels, targets.landmarks)
        error = coordinates.float() - pixels_to_coordinates(labels, targets.side)
        terms = {
            "landmark": weighted_mean(error.square(), targets),
            "presence": losses.presence_loss(presence, batch.face),
        }
        return weigh(terms, self.settings)


class KdNetTask:
    """The main loss and an assistive loss a teacher."""

    def __init__(self, model: nn.Module, settings: KdNetLoss, teachers: dict[str, nn.Module]) -> None:
        """`teachers`: tolerant, and tough unless its term is off; frozen."""
        self.model, self.settings, self.teachers = model, settings, teachers

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward of all networks and loss of one batch."""
        found, presence = self.model(batch.image)
        targets = targets_of(batch)
        student, true = found.float(), pixels_to_coordinates(targets.landmarks, targets.side)
        with torch.no_grad():
            told = {role: teacher(batch.image)[0].float() for role, teacher in self.teachers.items()}
        main = main_loss(student, true, told["tolerant"], self.settings.weighting)
        assist = assistive_loss(student, true, told["tolerant"], TOLERANT)
        terms = {"main": weighted_mean(main, targets), "assist_tolerant": weighted_mean(assist, targets)}
        if "tough" in told:
            assist = assistive_loss(student, true, told["tough"], TOUGH)
            terms["assist_tough"] = weighted_mean(assist, targets)
        terms["presence"] = losses.presence_loss(presence, batch.face)
        return weigh(terms, self.settings)
