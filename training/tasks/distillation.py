"""Learning from labels and from a frozen teacher that gives maps too."""

from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor, nn

from device.contract.errors import BadInputError
from device.contract.landmarks import LandmarkScheme
from training.data.augment import Batch
from training.data.resizing import resized
from training.losses import heatmap as losses
from training.losses.feature import feature_aligned_loss, patch_similarity_loss
from training.losses.star import MIN_VARIANCE, spread_of
from training.models.committee import spread_over
from training.models.landmark_student import FeaturePyramid
from training.tasks import TaskContext, TaskResult, weigh
from training.tasks.supervised import LossSettings, SupervisedTask


@dataclass(frozen=True, eq=False)
class Prediction:
    """A network's output for a batch."""

    maps: Tensor
    """(B, K, H, H), raw."""
    presence: Tensor
    """(B, 1) logits."""
    features: Tensor | None
    """(B, C, H, H) that the maps are read from, where they are compared."""


def map_cross_entropy(student: Tensor, teacher: Tensor) -> Tensor:
    """(B, K) of - sum_p softmax(teacher)(p) log softmax(student)(p) over the cells of each map.

    Response distillation (Hinton et al., 2015, arXiv 1503.02531, temperature 1) on heatmaps: the teacher's
    spread says where the label itself is vague. A teacher of a larger input has more cells: its masses are
    gathered in the student's.
    """
    soft = spread_over(losses.softmax_mass(teacher), student.shape[2])
    return -(soft.flatten(2) * student.float().flatten(2).log_softmax(2)).sum(2)


def certainty(teacher: Tensor, power: float) -> Tensor:
    """(B, K) weights of mean one: 1 / (spread of the teacher's raw map)^power.

    The spread is the root of the covariance's trace, in half crop sides.
    """
    variances = spread_of(losses.softmax_mass(teacher)).variances.sum(2)
    weight = (variances + MIN_VARIANCE).pow(-power / 2)
    return weight / weight.mean()


def check_features(student: nn.Module, teacher: nn.Module) -> None:
    """Refuse a teacher whose features cannot be compared with the student's.

    Raises:
        BadInputError: a committee, another family, or a decoder that ends in another number of channels.
    """
    kinds = [
        (type(model).__name__, model.heatmap.in_channels if isinstance(model, FeaturePyramid) else None)
        for model in (student, teacher)
    ]
    if kinds[0] != kinds[1]:
        raise BadInputError(
            f"comparing features wants one teacher whose decoder ends as the student's ({kinds[0]}), got "
            f"{kinds[1]}; name another teacher, or leave distill_feature and distill_patch out"
        )


class DistillationTask:
    """The label terms, and the teacher's maps, points and features."""

    extra = None

    def __init__(
        self, model: nn.Module, teacher: nn.Module, scheme: LandmarkScheme, settings: LossSettings
    ) -> None:
        """Freeze the teacher.

        Args:
            model: the student.
            teacher: of the student's input, or of a larger one; it sees the batch's `view`.
            scheme: of both.
            settings: weights of the terms.

        Raises:
            BadInputError: features are compared and the teacher has none like the student's.
        """
        if settings.compares_features:
            check_features(model, teacher)
        self.labels = SupervisedTask(model, scheme, settings)
        self.teacher = teacher.eval().requires_grad_(False)
        self.settings = settings

    @classmethod
    def build(cls, context: TaskContext) -> Self:
        """The task of a run."""
        return cls(context.model, context.teachers["teacher"], context.scheme, context.loss)

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward of both networks and loss of one batch."""
        with torch.no_grad():
            target = self.predict(self.teacher, batch.image if batch.view is None else batch.view)
        found = self.predict(self.labels.model, batch.image)
        terms = self.labels.label_terms(found.maps, found.presence, batch)
        asked = batch.face if batch.asked is None else batch.asked
        terms |= self.map_terms(found.maps, target.maps, batch, asked)
        if found.features is not None and target.features is not None:
            terms |= self.feature_terms(found.features, target.features, asked)
        return weigh(terms, self.settings)

    def predict(self, network: nn.Module, image: Tensor) -> Prediction:
        """A network's output, with its features where a term needs them."""
        if not self.settings.compares_features:
            maps, presence = network(image)
            return Prediction(maps, presence, None)
        pyramid = cast("FeaturePyramid", network)
        features, presence = pyramid.features(image)
        return Prediction(pyramid.heatmap(features), presence, features)

    def map_terms(self, student: Tensor, teacher: Tensor, batch: Batch, asked: Tensor) -> dict[str, Tensor]:
        """Terms on the student's maps against the teacher's, of the crops (B,) that it is asked about."""
        # Both in the student's pixels: a map's cells share out the crop, however many they are.
        side = batch.image.shape[2]
        ours, theirs = (losses.expectation(maps, side / maps.shape[2]) for maps in (student, teacher))
        length = self.labels.face_length(batch)
        distance = losses.normalised_distance(ours, theirs, length, self.settings.blunt)
        if self.settings.distill_sure:
            distance = distance * certainty(teacher, self.settings.distill_sure)
        return {
            "distill_map": losses.masked_mean(map_cross_entropy(student, teacher), asked),
            "distill_coordinate": losses.masked_mean(distance, asked),
        }

    def feature_terms(self, student: Tensor, teacher: Tensor, asked: Tensor) -> dict[str, Tensor]:
        """Terms on the features that the maps are read from, the teacher's at the student's size."""
        # Antialiased resizing knows no bfloat16, and squares of features want the digits.
        student, teacher = student.float(), resized(teacher.float(), student.shape[2])
        terms = {}
        if self.settings.distill_feature:
            terms["distill_feature"] = losses.over_faces(feature_aligned_loss(student, teacher), asked)
        if self.settings.distill_patch:
            terms["distill_patch"] = losses.over_faces(patch_similarity_loss(student, teacher), asked)
        return terms
