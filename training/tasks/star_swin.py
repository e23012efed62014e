"""STAR under anisotropic attention, and a student that learns its teacher's fused maps.

Hong & Lin, arXiv 2404.06029 (ICME 2024 Grand Challenge).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor

from training.data.augment import Batch
from training.losses import heatmap as losses
from training.losses.map_targets import Contour, contour_maps, contours_of, point_maps
from training.losses.star import star_loss, to_unit
from training.losses.wing import weighted_adaptive_wing
from training.models.attention_net import AttentionMaps, AttentionNet
from training.tasks import LossTable, TaskContext, TaskResult, weigh
from training.tasks.targets import Targets, targets_of


@dataclass(frozen=True)
class StarLoss(LossTable):
    """[loss] of task `star`: maps under attention, from labels alone or with a teacher."""

    star: float = 1.0
    """STAR loss of the fused maps."""
    point: float = 10.0
    """Adaptive wing of the point maps."""
    edge: float = 10.0
    """Adaptive wing of the edge maps."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    distill_map: float = 0.0
    """Mean squared difference of the fused maps from the teacher's; published: 100."""
    distill_norm: float = 0.0
    """L2 norm of each landmark's difference, the form in the paper's text."""
    distance: str = "smooth_l1"
    """Within STAR: smooth_l1 or l1."""
    order: str = "v2"
    """Within STAR: v2 or v1."""
    width: float = 1.0
    """Within STAR: of the eigenvalues. With the published 1 and an error of a pixel or two a map is best
    some 14 pixels wide; only attention narrows it."""
    sigma_cells: float = 0.375
    """Of points and lines in their maps, cells: the published 1.5 pixels, drawn at 256 and shrunk to 64."""
    peak: bool = False
    """Compare fused maps over their largest values: for a student whose maps have another scale."""

    @property
    def roles(self) -> frozenset[str]:
        """One teacher, where its maps are learnt."""
        return frozenset({"teacher"} if self.distill_map or self.distill_norm else ())


def unit_peak(maps: Tensor) -> Tensor:
    """(B, K, H, W) divided by each map's largest value."""
    return maps / maps.amax((2, 3), keepdim=True).clamp_min(1e-6)


def map_difference(student: Tensor, teacher: Tensor) -> Tensor:
    """(B,) mean squared difference of fused maps (B, K, H, W): the authors' code's heatmap distillation."""
    return (student - teacher).square().mean((1, 2, 3))


def map_norm(student: Tensor, teacher: Tensor) -> Tensor:
    """(B,) mean over the landmarks of |F_teacher - F_student|_2 over the cells: the paper's form."""
    return (student - teacher).square().sum((2, 3)).clamp_min(1e-12).sqrt().mean(1)


class StarTask:
    """Fused maps by STAR, point and edge maps by adaptive wing; with a teacher its fused maps too."""

    extra = None

    def __init__(
        self,
        model: AttentionNet,
        settings: StarLoss,
        contours: Sequence[Contour],
        teacher: AttentionNet | None,
    ) -> None:
        """The teacher is frozen."""
        self.model, self.settings, self.contours, self.teacher = model, settings, contours, teacher

    @classmethod
    def build(cls, context: TaskContext) -> Self:
        """The task of a run; a student begins with its teacher's heads where they fit."""
        model = cast("AttentionNet", context.model)
        teacher = cast("AttentionNet | None", context.teachers.get("teacher"))
        if teacher is not None:
            model.start_from(teacher)
        return cls(model, context.loss, contours_of(context.scheme.name), teacher)

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward and loss of one batch."""
        found = self.model.maps(batch.image)
        terms = self.label_terms(found, targets_of(batch))
        terms["presence"] = losses.presence_loss(found.presence, batch.face)
        if self.teacher is not None:
            terms |= self.teacher_terms(self.teacher, found.fused, batch)
        return weigh(terms, self.settings)

    def label_terms(self, found: AttentionMaps, targets: Targets) -> dict[str, Tensor]:
        """Terms against the labels."""
        settings, true = self.settings, to_unit(targets.inside, targets.side)
        star = star_loss(found.fused, true, settings.distance, settings.order, settings.width)
        return {
            "star": (star * targets.weight).mean(),
            "point": self.point_term(found, targets),
            "edge": self.edge_term(found, targets),
        }

    def point_term(self, found: AttentionMaps, targets: Targets) -> Tensor:
        """Adaptive wing of the point maps against a Gaussian about each point."""
        points = point_maps(targets.inside, *self._scale(found, targets))
        wing = weighted_adaptive_wing(found.point.float().sigmoid(), points)
        return (wing * targets.weight).mean()

    def edge_term(self, found: AttentionMaps, targets: Targets) -> Tensor:
        """Adaptive wing of the edge maps against a line along each contour."""
        edges = contour_maps(targets.inside, self.contours, *self._scale(found, targets))
        wing = weighted_adaptive_wing(found.edge.float().sigmoid(), edges)
        return losses.over_faces(wing.mean(1), targets.face)

    def _scale(self, found: AttentionMaps, targets: Targets) -> tuple[int, float, float]:
        """Cells of a map's side, crop pixels a cell, and sigma in crop pixels."""
        cells = found.fused.shape[2]
        stride = targets.side / cells
        return cells, stride, self.settings.sigma_cells * stride

    def teacher_terms(self, teacher: AttentionNet, fused: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Terms against the teacher's fused maps."""
        with torch.no_grad():
            taught = teacher.maps(batch.image).fused.float()
        fused = fused.float()
        if self.settings.peak:
            fused, taught = unit_peak(fused), unit_peak(taught)
        return {
            "distill_map": losses.over_faces(map_difference(fused, taught), batch.face),
            "distill_norm": losses.over_faces(map_norm(fused, taught), batch.face),
        }
