"""Learning from labels alone."""

import torch
from torch import Tensor, nn

from device.contract.landmarks import LandmarkScheme
from training.data.augment import Batch
from training.engine.settings import LossSettings
from training.losses import heatmap as losses
from training.losses.star import star_loss, to_unit
from training.tasks import LossWeights, TaskResult

NEAR_MAP = 0.15
"""Crop sides by which a point may leave the crop and still be learnt: the decoder can only answer
within the map, so farther points would pull the border cells without limit."""


class SupervisedTask:
    """Coordinates, maps and presence against the labels."""

    def __init__(self, model: nn.Module, scheme: LandmarkScheme, settings: LossSettings) -> None:
        """Train `model` with the weights of `settings`."""
        self.model = model
        self.scheme = scheme
        self.settings = settings

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward and loss of one batch."""
        heatmap, presence = self.model(batch.image)
        return weigh(self.label_terms(heatmap, presence, batch), self.settings)

    def label_terms(self, heatmap: Tensor, presence: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Terms that need no teacher."""
        side = batch.image.shape[2]
        stride = side / heatmap.shape[2]
        true = batch.landmarks.clamp(-0.5, side - 0.5)
        near = ((batch.landmarks - true).abs().amax(2) < NEAR_MAP * side) * batch.face[:, None]
        if batch.known is not None:
            near = near * batch.known
        weight = near / near.mean().clamp_min(1e-3)
        length = losses.face_length(batch.landmarks, self.scheme.outer_eye_corners).clamp_min(1.0)
        predicted = losses.expectation(heatmap, stride)
        distance = losses.normalised_distance(predicted, true, length, self.settings.blunt)
        entropy = losses.gaussian_cross_entropy(heatmap, true, stride, self.settings.sigma_px)
        terms = {
            "coordinate": (distance * weight).mean(),
            "map": (entropy * weight).mean(),
            "presence": losses.presence_loss(presence, batch.face),
        }
        if self.settings.star:
            star = star_loss(losses.softmax_mass(heatmap), to_unit(true, side))
            terms["star"] = (star * weight).mean()
        if self.settings.mirror:
            terms["mirror"] = losses.masked_mean(
                self.mirror_gap(predicted, batch) / length[:, None], batch.face
            )
        return terms

    def mirror_gap(self, found: Tensor, batch: Batch) -> Tensor:
        """(B, K) crop pixels between what is found in crops and, mirrored back, in their mirror images.

        What all points have in common is left out: labels lean to one side (training/export/label_bias.py).
        """
        maps, _ = self.model(batch.image.flip(3))
        side = batch.image.shape[3]
        told = losses.expectation(maps, side / maps.shape[3])[:, self.scheme.mirror_order]
        told = torch.cat([side - 1 - told[..., :1], told[..., 1:]], dim=2)
        gap = found - told
        lean = (gap * batch.face[:, None, None]).sum(0).mean(0) / batch.face.sum().clamp_min(1)
        return (gap - lean).norm(dim=2)


def weigh(terms: dict[str, Tensor], settings: LossWeights) -> TaskResult:
    """The sum of the terms, each times the setting of its own name."""
    weighted = [getattr(settings, name) * value for name, value in terms.items()]
    return TaskResult(sum(weighted[1:], weighted[0]), terms)
