"""Learning from labels alone."""

from torch import Tensor, nn

from device.contract.landmarks import LandmarkScheme
from training import losses
from training.augment import Batch
from training.settings import LossSettings
from training.tasks import TaskResult

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
        return {
            "coordinate": (distance * weight).mean(),
            "map": (entropy * weight).mean(),
            "presence": losses.presence_loss(presence, batch.face),
        }


def weigh(terms: dict[str, Tensor], settings: LossSettings) -> TaskResult:
    """The sum of the terms, each times the setting of its own name."""
    weighted = [getattr(settings, name) * value for name, value in terms.items()]
    return TaskResult(sum(weighted[1:], weighted[0]), terms)
