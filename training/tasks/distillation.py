"""Learning from labels and from a frozen teacher of the same output form."""

import torch
from torch import Tensor, nn

from device.contract.landmarks import LandmarkScheme
from training import losses
from training.augment import Batch
from training.settings import LossSettings
from training.tasks import TaskResult
from training.tasks.supervised import SupervisedTask, weigh


def map_cross_entropy(student: Tensor, teacher: Tensor) -> Tensor:
    """(B, K) of - sum_p softmax(teacher)(p) log softmax(student)(p) over the cells of each map.

    Response distillation (Hinton et al., 2015, arXiv 1503.02531, temperature 1) on heatmaps: the
    teacher's spread tells where the label itself is vague.
    """
    soft = teacher.float().flatten(2).softmax(2)
    return -(soft * student.float().flatten(2).log_softmax(2)).sum(2)


class DistillationTask:
    """The label terms, and the teacher's maps and points."""

    def __init__(
        self, model: nn.Module, teacher: nn.Module, scheme: LandmarkScheme, settings: LossSettings
    ) -> None:
        """`teacher` is frozen and stays outside the trained module."""
        self.labels = SupervisedTask(model, scheme, settings)
        self.teacher = teacher.eval().requires_grad_(False)
        self.settings = settings

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward of both networks and loss of one batch."""
        heatmap, presence = self.labels.model(batch.image)
        with torch.no_grad():
            taught, _ = self.teacher(batch.image)
        terms = self.labels.label_terms(heatmap, presence, batch)
        stride = batch.image.shape[2] / heatmap.shape[2]
        length = losses.face_length(batch.landmarks, self.labels.scheme.outer_eye_corners).clamp_min(1.0)
        found, told = losses.expectation(heatmap, stride), losses.expectation(taught, stride)
        distance = losses.normalised_distance(found, told, length, self.settings.blunt)
        terms["distill_map"] = losses.masked_mean(map_cross_entropy(heatmap, taught), batch.face)
        terms["distill_coordinate"] = losses.masked_mean(distance, batch.face)
        return weigh(terms, self.settings)
