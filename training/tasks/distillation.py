"""Learning from labels and from a frozen teacher of the same output form."""

import torch
from torch import Tensor, nn

from device.contract.landmarks import LandmarkScheme
from training import losses
from training.augment import Batch
from training.models.committee import spread_over
from training.settings import LossSettings
from training.tasks import TaskResult
from training.tasks.supervised import SupervisedTask, weigh


def map_cross_entropy(student: Tensor, teacher: Tensor) -> Tensor:
    """(B, K) of - sum_p softmax(teacher)(p) log softmax(student)(p) over the cells of each map.

    Response distillation (Hinton et al., 2015, arXiv 1503.02531, temperature 1) on heatmaps: the
    teacher's spread tells where the label itself is vague. A teacher of a larger input has more cells:
    its masses are gathered in the student's.
    """
    soft = teacher.float().flatten(2).softmax(2).view(teacher.shape)
    soft = spread_over(soft, student.shape[2])
    return -(soft.flatten(2) * student.float().flatten(2).log_softmax(2)).sum(2)


class DistillationTask:
    """The label terms, and the teacher's maps and points."""

    def __init__(
        self,
        model: nn.Module,
        teacher: nn.Module,
        scheme: LandmarkScheme,
        settings: LossSettings,
    ) -> None:
        """`teacher` is frozen and stays outside the trained module.

        Args:
            model: the student.
            teacher: of the student's input, or of a larger one; it is shown the batch's `view`.
            scheme: of both.
            settings: weights of the terms.
        """
        self.labels = SupervisedTask(model, scheme, settings)
        self.teacher = teacher.eval().requires_grad_(False)
        self.settings = settings

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward of both networks and loss of one batch."""
        with torch.no_grad():
            taught, _ = self.teacher(batch.image if batch.view is None else batch.view)
        heatmap, presence = self.labels.model(batch.image)
        terms = self.labels.label_terms(heatmap, presence, batch)
        length = losses.face_length(batch.landmarks, self.labels.scheme.outer_eye_corners).clamp_min(1.0)
        # Both in the student's pixels: a map's cells share out the crop, however many they are.
        side = batch.image.shape[2]
        found, told = (losses.expectation(maps, side / maps.shape[2]) for maps in (heatmap, taught))
        distance = losses.normalised_distance(found, told, length, self.settings.blunt)
        terms["distill_map"] = losses.masked_mean(map_cross_entropy(heatmap, taught), batch.face)
        terms["distill_coordinate"] = losses.masked_mean(distance, batch.face)
        return weigh(terms, self.settings)
