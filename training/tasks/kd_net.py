"""KD-Net: coordinates learnt from labels, and from a tough and a tolerant teacher at once.

Fard & Mahoor, CVIU 215 (2022) 103316, arXiv 2111.07047.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from training.data.augment import Batch
from training.losses import heatmap as losses
from training.losses.assistive import TOLERANT, TOUGH, assistive_loss, main_loss
from training.losses.shape_model import ShapeModel, fit_shape_model
from training.models.decode import pixels_to_coordinates
from training.tasks import LossTable, TaskContext, TaskResult, weigh
from training.tasks.targets import Targets, targets_of

MAX_SHAPES = 5000
"""Faces that a shape model is fitted to, spread evenly over the pack: more do not move it."""


@dataclass(frozen=True)
class RegressionLoss(LossTable):
    """[loss] of task `regression`: coordinates from labels, KD-Net's teachers and its student alone."""

    landmark: float = 100.0
    """Mean squared error of the coordinates, crop sides."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    variance_share: float = 0.0
    """Labels are smoothed by a shape model that keeps this share of the variance; 0: not at all."""


@dataclass(frozen=True)
class KdNetLoss(LossTable):
    """[loss] of task `kd_net`."""

    main: float = 2.0
    """Against the labels, its bound from the tolerant teacher."""
    assist_tough: float = 1.0
    """Assistive loss of the tough teacher."""
    assist_tolerant: float = 1.0
    """Assistive loss of the tolerant teacher."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    weighting: str = "published"
    """Of the main loss: published or corrected."""

    @property
    def roles(self) -> frozenset[str]:
        """Always the tolerant teacher, from which the main loss takes its bound."""
        return frozenset({"tolerant", "tough"} if self.assist_tough else {"tolerant"})


def weighted_mean(values: Tensor, targets: Targets) -> Tensor:
    """Mean of (B, 2 K) values, each landmark's two by its weight."""
    return (values * targets.weight.repeat_interleave(2, dim=1)).mean()


class RegressionTask:
    """Coordinates against labels, hard or softened by a shape model."""

    extra = None

    def __init__(self, model: nn.Module, settings: RegressionLoss, shapes: ShapeModel | None) -> None:
        """Without `shapes` the labels are learnt as they are."""
        self.model, self.settings, self.shapes = model, settings, shapes

    @classmethod
    def build(cls, context: TaskContext) -> Self:
        """The task of a run."""
        share = context.loss.variance_share
        if not share:
            return cls(context.model, context.loss, None)
        count = len(context.landmarks)
        chosen = np.linspace(0, count - 1, min(count, MAX_SHAPES)).astype(int)
        shapes = fit_shape_model(context.landmarks[chosen], share).to(context.device)
        return cls(context.model, context.loss, shapes)

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
    """The main loss, and an assistive loss for each teacher."""

    extra = None

    def __init__(self, model: nn.Module, settings: KdNetLoss, teachers: dict[str, nn.Module]) -> None:
        """`teachers`: tolerant, and tough unless its term is off; frozen."""
        self.model, self.settings, self.teachers = model, settings, teachers

    @classmethod
    def build(cls, context: TaskContext) -> Self:
        """The task of a run."""
        return cls(context.model, context.loss, context.teachers)

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward of all networks and loss of one batch."""
        found, presence = self.model(batch.image)
        targets = targets_of(batch)
        student, true = found.float(), pixels_to_coordinates(targets.landmarks, targets.side)
        with torch.no_grad():
            taught = {role: teacher(batch.image)[0].float() for role, teacher in self.teachers.items()}
        main = main_loss(student, true, taught["tolerant"], self.settings.weighting)
        assist = assistive_loss(student, true, taught["tolerant"], TOLERANT)
        terms = {"main": weighted_mean(main, targets), "assist_tolerant": weighted_mean(assist, targets)}
        if "tough" in taught:
            assist = assistive_loss(student, true, taught["tough"], TOUGH)
            terms["assist_tough"] = weighted_mean(assist, targets)
        terms["presence"] = losses.presence_loss(presence, batch.face)
        return weigh(terms, self.settings)
