"""What a finder's maps should say, and how far off they are.

Letters: B canvases, F places for faces in each, H, W cells, K landmarks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from device.contract.finder_codec import FinderCodecRule
from device.contract.landmarks import LandmarkScheme
from training.finder.pictures import DOUBTFUL, FACE
from training.losses.heatmap import cell_centres

TOP = 0.1
"""Radius about a face's middle within which every cell must claim it, in sides of its box ..."""
LEAST_TOP = 0.75
"""... and at least this many cells, so that one at least lies within: the farthest middle is 0.71 off.
Were only the nearest cell asked, none could be sure of being it, and no score would pass one half."""
SLOPE = 0.1
"""Standard deviation of the fall beyond, in sides of the box ..."""
LEAST_SLOPE = 0.6
"""... and at least this many cells."""
TOP_HEAT = 0.999
"""Height from which on a cell is within that radius."""
LEAST_SHARE = 0.2
"""Height of the slope from which on a cell must also know the box."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What the maps of one batch should be."""

    heat: Tensor
    """(B, H, W) 1 about each face's middle, falling off beyond as a Gaussian."""
    peak: Tensor
    """(B, H, W) share of each cell that must claim a face; sums to 1 over the cells of one."""
    ignored: Tensor
    """(B, H, W) bool: within a doubtful face, where the score is not judged."""
    weight: Tensor
    """(B, H, W) of each cell's box; sums to 1 over the cells of a face."""
    boxes: Tensor
    """(B, H, W, 4) corners of the face that a cell belongs to, canvas pixels."""
    points: Tensor
    """(B, H, W, 5, 2) its points."""


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
    middle, side = (low + high) / 2, (high - low).clamp_min(1.0)
    y = cell_centres(grid_hw[0], stride, landmarks).view(1, 1, -1, 1)
    x = cell_centres(grid_hw[1], stride, landmarks).view(1, 1, 1, -1)
    # A middle outside the canvas is claimed by the border's cells.
    held_x = middle[:, :, 0, None, None].clamp(float(x.min()), float(x.max()))
    held_y = middle[:, :, 1, None, None].clamp(float(y.min()), float(y.max()))
    size = side.prod(-1).sqrt()[:, :, None, None]
    away = torch.sqrt((x - held_x) ** 2 + (y - held_y) ** 2)
    beyond = (away - (size * TOP).clamp_min(LEAST_TOP * stride)).clamp_min(0)
    slope = (size * SLOPE).clamp_min(LEAST_SLOPE * stride)
    heats = torch.exp(-0.5 * (beyond / slope) ** 2) * (kinds == FACE)[:, :, None, None]
    heat, owner = heats.max(1)
    within_x = (x - middle[:, :, 0, None, None]).abs() * 2 < side[:, :, 0, None, None]
    within_y = (y - middle[:, :, 1, None, None]).abs() * 2 < side[:, :, 1, None, None]
    ignored = (within_x & within_y & (kinds == DOUBTFUL)[:, :, None, None]).any(1) & (heat < LEAST_SHARE)
    owned = functional.one_hot(owner, landmarks.shape[1]).movedim(3, 1)
    weight = _shared_out(owned, torch.where(heat >= LEAST_SHARE, heat, torch.zeros_like(heat)))
    peak = _shared_out(owned, (heat > TOP_HEAT).float())
    rows = torch.arange(len(landmarks), device=landmarks.device)[:, None, None]
    corners = torch.cat([low, high], dim=2)
    points = five_points(landmarks, scheme)[rows, owner]
    return Targets(heat, peak, ignored, weight, corners[rows, owner], points)


def _shared_out(owned: Tensor, values: Tensor) -> Tensor:
    """(B, H, W) values scaled to sum to 1 over the cells that each face owns (B, F, H, W)."""
    shares = owned * values[:, None]
    return (shares / shares.sum((2, 3), keepdim=True).clamp_min(1e-6)).sum(1)


def focal_loss(logits: Tensor, targets: Targets) -> Tensor:
    """Penalty-reduced focal loss (CornerNet: Law and Deng, 2018, equation 1), over the faces.

    - (1 - p)^2 log p where a face must be claimed,  - (1 - heat)^4 p^2 log(1 - p) elsewhere
    """
    logits = logits.float()
    chance = torch.sigmoid(logits)
    hit = (1 - chance) ** 2 * functional.softplus(-logits) * targets.peak
    alarm = (1 - targets.heat) ** 4 * chance**2 * functional.softplus(logits) * ~targets.ignored
    return (hit + alarm).sum() / targets.peak.sum().clamp_min(1)


def decode_boxes(box: Tensor, rule: FinderCodecRule) -> tuple[Tensor, Tensor]:
    """(B, 4, H, W) raw maps to (B, H, W, 2) middles and sides: the codec's rule, for tensors."""
    box = box.float()
    y = cell_centres(box.shape[2], rule.stride, box)[:, None]
    x = cell_centres(box.shape[3], rule.stride, box)[None, :]
    middle = torch.stack([x + box[:, 0] * rule.offset_px, y + box[:, 1] * rule.offset_px], dim=-1)
    return middle, rule.size_px * torch.exp2(box[:, 2:].clamp(-8, 8)).movedim(1, -1)


def box_terms(box: Tensor, targets: Targets, rule: FinderCodecRule) -> tuple[Tensor, Tensor]:
    """1 - IoU, and the mean distance of the four sides over the box's size, per face."""
    middle, side = decode_boxes(box, rule)
    low, high = middle - side / 2, middle + side / 2
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

    The map counts from the middle in sides; so does the truth, which keeps box and points apart.
    """
    said = points.float().movedim(1, -1).unflatten(-1, (5, 2))
    low, high = targets.boxes[..., None, :2], targets.boxes[..., None, 2:]
    true = (targets.points - (low + high) / 2) / (high - low).clamp_min(1.0)
    distance = (said - true).abs().clamp_max(4.0).mean((-1, -2))
    return (distance * targets.weight).sum() / targets.weight.sum().clamp_min(1)
