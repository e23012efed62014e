"""Learning from labels and from a frozen teacher of the same output form."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from device.contract.landmarks import LandmarkScheme
from training.data.augment import Batch
from training.data.resizing import resized
from training.engine.settings import LossSettings
from training.losses import heatmap as losses
from training.losses.feature import feature_aligned_loss, patch_similarity_loss
from training.losses.star import LEAST_VARIANCE, spread_of
from training.models.committee import spread_over
from training.models.landmark_student import LandmarkStudent
from training.tasks import TaskResult
from training.tasks.supervised import SupervisedTask, weigh


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network makes of a batch."""

    maps: Tensor
    """(B, K, H, H), raw."""
    presence: Tensor
    """(B, 1) logits."""
    features: Tensor | None
    """(B, C, H, H) that the maps are read from, where they are compared."""


def map_cross_entropy(student: Tensor, teacher: Tensor) -> Tensor:
    """(B, K) of - sum_p softmax(teacher)(p) log softmax(student)(p) over the cells of each map.

    Response distillation (Hinton et al., 2015, arXiv 1503.02531, temperature 1) on heatmaps: the
    teacher's spread tells where the label itself is vague. A teacher of a larger input has more cells:
    its masses are gathered in the student's.
    """
    soft = spread_over(losses.softmax_mass(teacher), student.shape[2])
    return -(soft.flatten(2) * student.float().flatten(2).log_softmax(2)).sum(2)


def sureness(teacher: Tensor, power: float) -> Tensor:
    """(B, K) weights of mean one: 1 / (spread of the teacher's raw map)^power.

    The spread is the root of the covariance's trace, in half crop sides.
    """
    variances = spread_of(losses.softmax_mass(teacher)).variances.sum(2)
    weight = (variances + LEAST_VARIANCE).pow(-power / 2)
    return weight / weight.mean()


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
            teacher: of the student's input, or of a larger one; it is shown the batch's `view`. A student
                that compares features needs one of its own kind and width.
            scheme: of both.
            settings: weights of the terms.
        """
        self.labels = SupervisedTask(model, scheme, settings)
        self.teacher = teacher.eval().requires_grad_(False)
        self.settings = settings

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward of both networks and loss of one batch."""
        with torch.no_grad():
            told = self.ask(self.teacher, batch.image if batch.view is None else batch.view)
        found = self.ask(self.labels.model, batch.image)
        terms = self.labels.label_terms(found.maps, found.presence, batch)
        terms |= self.map_terms(found.maps, told.maps, batch)
        if found.features is not None and told.features is not None:
            terms |= self.feature_terms(found.features, told.features, batch)
        return weigh(terms, self.settings)

    def ask(self, network: nn.Module, image: Tensor) -> Answer:
        """What a network says, with its features where a term needs them."""
        if not self.settings.compares_features:
            maps, presence = network(image)
            return Answer(maps, presence, None)
        student = cast("LandmarkStudent", network)
        features, presence = student.features(image)
        return Answer(student.heatmap(features), presence, features)

    def map_terms(self, found: Tensor, told: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Terms on the student's maps against the teacher's."""
        length = losses.face_length(batch.landmarks, self.labels.scheme.outer_eye_corners).clamp_min(1.0)
        # Both in the student's pixels: a map's cells share out the crop, however many they are.
        side = batch.image.shape[2]
        ours, theirs = (losses.expectation(maps, side / maps.shape[2]) for maps in (found, told))
        distance = losses.normalised_distance(ours, theirs, length, self.settings.blunt)
        if self.settings.distill_sure:
            distance = distance * sureness(told, self.settings.distill_sure)
        return {
            "distill_map": losses.masked_mean(map_cross_entropy(found, told), batch.face),
            "distill_coordinate": losses.masked_mean(distance, batch.face),
        }

    def feature_terms(self, found: Tensor, told: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Terms on the features that the maps are read from, the teacher's at the student's size."""
        # Antialiased resizing knows no bfloat16, and squares of features want the digits.
        found, told = found.float(), resized(told.float(), found.shape[2])
        terms = {}
        if self.settings.distill_feature:
            terms["distill_feature"] = losses.over_faces(feature_aligned_loss(found, told), batch.face)
        if self.settings.distill_patch:
            terms["distill_patch"] = losses.over_faces(patch_similarity_loss(found, told), batch.face)
        return terms
