"""Targets for the finder's maps, and the losses against them.

Letters: B canvases, F slots for faces in each, H, W cells, K landmarks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from device.contract.finder_codec import FinderCodecRule
from device.contract.landmarks import LandmarkScheme
from training.finder.pictures import DOUBTFUL, FACE
from training.losses.heatmap import cell_centres

PEAK_RADIUS = 0.1
"""Radius around a face's centre within which every cell must report it, in sides of its box ..."""
MIN_PEAK_RADIUS = 0.75
"""... and at least this many cells, so that at least one cell lies within: a centre is at most 0.71 cells
from the nearest one. If only the nearest cell had to report, none could be sure to be it, and no score would
exceed one half."""
SIGMA = 0.1
"""Standard deviation of the Gaussian beyond that radius, in sides of the box ..."""
MIN_SIGMA = 0.6
"""... and at least this many cells."""
PEAK_HEAT = 0.999
"""Heat from which a cell lies within that radius."""
MIN_BOX_HEAT = 0.2
"""Heat from which a cell must also predict the box."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of one batch."""

    heat: Tensor
    """(B, H, W) 1 around each face's centre, a Gaussian beyond."""
    peak: Tensor
    """(B, H, W) weight of each cell that must report a face; sums to 1 over the cells of a face."""
    ignored: Tensor
    """(B, H, W) bool, true within a doubtful face, where the score costs nothing."""
    weight: Tensor
    """(B, H, W) weight of each cell's box; sums to 1 over the cells of a face."""
    boxes: Tensor
    """(B, H, W, 4) corners of the face that a cell belongs to, canvas pixels."""
    points: Tensor
    """(B, H, W, 5, 2) points of that face."""


def five_points(landmarks: Tensor, scheme: LandmarkScheme) -> Tensor:
    """(..., 5, 2) eyes, nose tip and mouth corners of (..., K, 2) landmarks."""
    eyes = [landmarks[..., list(ring), :].mean(-2) for ring in scheme.eye_rings]
    nose, corners = landmarks[..., scheme.nose_tip, :], landmarks[..., list(scheme.mouth_corners), :]
    return torch.cat([torch.stack([*eyes, nose], dim=-2), corners], dim=-2)


def make_targets(
    landmarks: Tensor, kinds: Tensor, grid_hw: tuple[int, int], stride: float, scheme: LandmarkScheme
) -> Targets:
    """Targets of (B, F, K, 2) landmarks of (B, F) kinds on a grid of cells."""
    low, high = landmarks.amin(2), landmarks.amax(2)
    centre, side = (low + high) / 2, (high - low).clamp_min(1.0)
    y = cell_centres(grid_hw[0], stride, landmarks).view(1, 1, -1, 1)
    x = cell_centres(grid_hw[1], stride, landmarks).view(1, 1, 1, -1)
    # A centre outside the canvas is reported by the cells at the border.
    held_x = centre[:, :, 0, None, None].clamp(float(x.min()), float(x.max()))
    held_y = centre[:, :, 1, None, None].clamp(float(y.min()), float(y.max()))
    size = side.prod(-1).sqrt()[:, :, None, None]
    away = torch.sqrt((x - held_x) ** 2 + (y - held_y) ** 2)
    beyond = (away - (size * PEAK_RADIUS).clamp_min(MIN_PEAK_RADIUS * stride)).clamp_min(0)
    sigma = (size * SIGMA).clamp_min(MIN_SIGMA * stride)
    heats = torch.exp(-0.5 * (beyond / sigma) ** 2) * (kinds == FACE)[:, :, None, None]
    heat, owner = heats.max(1)
    within_x = (x - centre[:, :, 0, None, None]).abs() * 2 < side[:, :, 0, None, None]
    within_y = (y - centre[:, :, 1, None, None]).abs() * 2 < side[:, :, 1, None, None]
    ignored = (within_x & within_y & (kinds == DOUBTFUL)[:, :, None, None]).any(1) & (heat < MIN_BOX_HEAT)
    owned = functional.one_hot(owner, landmarks.shape[1]).movedim(3, 1)
    weight = _normalised(owned, torch.where(heat >= MIN_BOX_HEAT, heat, torch.zeros_like(heat)))
    peak = _normalised(owned, (heat > PEAK_HEAT).float())
    rows = torch.arange(len(landmarks), device=landmarks.device)[:, None, None]
    corners = torch.cat([low, high], dim=2)
    points = five_points(landmarks, scheme)[rows, owner]
    return Targets(heat, peak, ignored, weight, corners[rows, owner], points)


def _normalised(owned: Tensor, values: Tensor) -> Tensor:
    """(B, H, W) values scaled to sum to 1 over the cells that each face owns (B, F, H, W)."""
    weights = owned * values[:, None]
    return (weights / weights.sum((2, 3), keepdim=True).clamp_min(1e-6)).sum(1)


def focal_loss(logits: Tensor, targets: Targets) -> Tensor:
    """Penalty-reduced focal loss (CornerNet: Law and Deng, 2018, equation 1) per face.

    - (1 - p)^2 log p where a face must be reported,  - (1 - heat)^4 p^2 log(1 - p) elsewhere
    """
    logits = logits.float()
    probability = torch.sigmoid(logits)
    hit = (1 - probability) ** 2 * functional.softplus(-logits) * targets.peak
    alarm = (1 - targets.heat) ** 4 * probability**2 * functional.softplus(logits) * ~targets.ignored
    return (hit + alarm).sum() / targets.peak.sum().clamp_min(1)


def decode_boxes(box: Tensor, rule: FinderCodecRule) -> tuple[Tensor, Tensor]:
    """(B, 4, H, W) raw maps to (B, H, W, 2) centres and sides: the codec's rule, for tensors."""
    box = box.float()
    y = cell_centres(box.shape[2], rule.stride, box)[:, None]
    x = cell_centres(box.shape[3], rule.stride, box)[None, :]
    centre = torch.stack([x + box[:, 0] * rule.offset_px, y + box[:, 1] * rule.offset_px], dim=-1)
    return centre, rule.size_px * torch.exp2(box[:, 2:].clamp(-8, 8)).movedim(1, -1)


def box_terms(box: Tensor, targets: Targets, rule: FinderCodecRule) -> tuple[Tensor, Tensor]:
    """1 - IoU, and the mean distance of the four sides relative to the box's size, per face."""
    centre, side = decode_boxes(box, rule)
    low, high = centre - side / 2, centre + side / 2
    true_low, true_high = targets.boxes[..., :2], targets.boxes[..., 2:]
    true_side = (true_high - true_low).clamp_min(1.0)
    shared = (torch.minimum(high, true_high) - torch.maximum(low, true_low)).clamp_min(0).prod(-1)
    union = side.prod(-1) + true_side.prod(-1) - shared
    off = torch.cat([low - true_low, high - true_high], dim=-1).abs()
    distance = (off / true_side.repeat(1, 1, 1, 2)).clamp_max(4.0).mean(-1)
    faces = targets.weight.sum().clamp_min(1)
    iou = shared / union.clamp_min(1e-6)
    return ((1 - iou) * targets.weight).sum() / faces, (distance * targets.weight).sum() / faces


def points_term(points: Tensor, targets: Targets) -> Tensor:
    """Mean distance of the five points from the truth, in sides of the true box, per face.

    The map gives points relative to the centre of the box in box sides, and so does the target; errors of the
    box therefore do not enter here.
    """
    predicted = points.float().movedim(1, -1).unflatten(-1, (5, 2))
    low, high = targets.boxes[..., None, :2], targets.boxes[..., None, 2:]
    true = (targets.points - (low + high) / 2) / (high - low).clamp_min(1.0)
    distance = (predicted - true).abs().clamp_max(4.0).mean((-1, -2))
    return (distance * targets.weight).sum() / targets.weight.sum().clamp_min(1)
