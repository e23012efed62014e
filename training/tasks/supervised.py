"""Learning from labels alone."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from device.contract.landmarks import LandmarkScheme
from training.data.augment import Batch
from training.losses import heatmap as losses
from training.losses.star import star_loss, to_unit
from training.tasks import LossTable, TaskContext, TaskResult, weigh
from training.tasks.targets import targets_of


@dataclass(frozen=True)
class LossSettings(LossTable):
    """[loss] of the tasks `supervised` and `distillation`."""

    coordinate: float = 1.0
    """Mean distance over the eye distance, smooth within `blunt`."""
    blunt: float = 0.01
    """Eye distances."""
    map: float = 0.01
    """Cross-entropy of the maps to a Gaussian."""
    sigma_px: float = 5.0
    """Of that Gaussian, crop pixels."""
    star: float = 0.0
    """STAR loss of the maps (training/losses/star.py)."""
    mirror: float = 0.0
    """Distance between what is found in a crop and in its mirror image, as `coordinate`."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    distill_map: float = 0.0
    """Cross-entropy of the maps to the teacher's."""
    distill_coordinate: float = 0.0
    """Distance to the teacher's points, as `coordinate`."""
    distill_sure: float = 0.0
    """Power of one over the spread of the teacher's map by which its points are weighed."""
    distill_feature: float = 0.0
    """Squared difference of the last features from the teacher's (training/losses/feature.py)."""
    distill_patch: float = 0.0
    """Difference in how the places of these features resemble each other, as in EfficientFAN."""

    @property
    def roles(self) -> frozenset[str]:
        """One teacher, where a term compares with it."""
        compared = (self.distill_map, self.distill_coordinate, self.distill_feature, self.distill_patch)
        return frozenset({"teacher"} if any(compared) else ())

    @property
    def compares_features(self) -> bool:
        """Whether a term reads the teacher's features, which a committee does not have."""
        return any((self.distill_feature, self.distill_patch))


class SupervisedTask:
    """Coordinates, maps and presence against the labels."""

    extra = None

    def __init__(self, model: nn.Module, scheme: LandmarkScheme, settings: LossSettings) -> None:
        self.model, self.scheme, self.settings = model, scheme, settings

    @classmethod
    def build(cls, context: TaskContext) -> Self:
        """The task of a run."""
        return cls(context.model, context.scheme, context.loss)

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward and loss of one batch."""
        maps, presence = self.model(batch.image)
        return weigh(self.label_terms(maps, presence, batch), self.settings)

    def label_terms(self, maps: Tensor, presence: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Terms against the labels, of maps (B, K, H, H) and logits (B, 1)."""
        targets = targets_of(batch)
        stride = targets.side / maps.shape[2]
        length = self.face_length(batch)
        predicted = losses.expectation(maps, stride)
        distance = losses.normalised_distance(predicted, targets.inside, length, self.settings.blunt)
        entropy = losses.gaussian_cross_entropy(maps, targets.inside, stride, self.settings.sigma_px)
        terms = {
            "coordinate": (distance * targets.weight).mean(),
            "map": (entropy * targets.weight).mean(),
            "presence": losses.presence_loss(presence, batch.face),
        }
        if self.settings.star:
            star = star_loss(losses.softmax_mass(maps), to_unit(targets.inside, targets.side))
            terms["star"] = (star * targets.weight).mean()
        if self.settings.mirror:
            gap = self.mirror_gap(predicted, batch) / length[:, None]
            terms["mirror"] = losses.masked_mean(gap, batch.face)
        return terms

    def face_length(self, batch: Batch) -> Tensor:
        """(B,) crop pixels by which distances are divided."""
        return losses.face_length(batch.landmarks, self.scheme.outer_eye_corners).clamp_min(1.0)

    def mirror_gap(self, predicted: Tensor, batch: Batch) -> Tensor:
        """(B, K) distance, crop pixels, of points in crops from those in the mirrored crops, mirrored back.

        What all points have in common is left out: it is the labels' bias (training/export/label_bias.py).
        """
        maps, _ = self.model(batch.image.flip(3))
        side = batch.image.shape[3]
        mirrored = losses.expectation(maps, side / maps.shape[3])[:, self.scheme.mirror_order]
        mirrored = torch.cat([side - 1 - mirrored[..., :1], mirrored[..., 1:]], dim=2)
        gap = predicted - mirrored
        bias = (gap * batch.face[:, None, None]).sum(0).mean(0) / batch.face.sum().clamp_min(1)
        return (gap - bias).norm(dim=2)
