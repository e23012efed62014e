"""STAR: an error costs less along the direction in which the map itself is unsure.

Zhou et al., CVPR 2023, "STAR Loss: Reducing Semantic Ambiguity in Facial Landmark Detection".
Letters: B crops, K landmarks, H, W cells. Coordinates are in half crop sides, the centre is 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SMOOTH_ZONE = 0.01
"""Errors below it are squared, in half crop sides."""
MIN_VARIANCE = 1e-5
"""Added to an eigenvalue before its root."""
ROUND = 1e-3
"""Eigenvalues that differ by less than this share of their sum have no axes worth a gradient."""


@dataclass(frozen=True, eq=False)
class Spread:
    """A map's distribution: where it lies and how it is stretched."""

    mean: Tensor
    """(B, K, 2)."""
    variances: Tensor
    """(B, K, 2) eigenvalues of the covariance, the larger first."""
    axes: Tensor
    """(B, K, 2, 2) unit eigenvectors, one a row: along the larger eigenvalue, then across."""


def unit_grid(cells: int, like: Tensor) -> Tensor:
    """(cells,) middles of the cells along one side that runs from -1 to 1."""
    return (torch.arange(cells, device=like.device, dtype=torch.float32) * 2 + 1) / cells - 1


def to_unit(landmarks: Tensor, side: int) -> Tensor:
    """Crop pixels to half crop sides: pixel -0.5 is -1, pixel side - 0.5 is 1."""
    return (landmarks * 2 + 1) / side - 1


def to_pixels(unit: Tensor, side: int) -> Tensor:
    """The inverse of `to_unit`."""
    return ((unit + 1) * side - 1) / 2


def mass_of(maps: Tensor) -> Tensor:
    """Non-negative maps (B, K, H, W) over their sums, at least 1e-6: F(p) / max(sum F, 1e-6)."""
    maps = maps.float()
    return maps / maps.sum((2, 3), keepdim=True).clamp_min(1e-6)


def eigen_2x2(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of [[a, b], [b, c]] in closed form.

        lambda = (a + c) / 2 +- r / 2,  r = sqrt((a - c)^2 + 4 b^2),  theta = atan2(2 b, a - c) / 2

    Where r vanishes the axes are the coordinate axes and pass no gradient, which would be infinite.

    Returns:
        (..., 2) eigenvalues, the larger first, and (..., 2, 2) eigenvectors, one a row.
    """
    trace, difference = a + c, a - c
    squared = difference.square() + 4 * b.square()
    stretched = squared > (ROUND * trace).square()
    one = torch.ones_like(a)
    radius = torch.where(stretched, torch.where(stretched, squared, one).sqrt(), 0.0)
    angle = 0.5 * torch.atan2(
        torch.where(stretched, 2 * b, torch.zeros_like(b)), torch.where(stretched, difference, one)
    )
    values = torch.stack([trace + radius, trace - radius], dim=-1) / 2
    along = torch.stack([angle.cos(), angle.sin()], dim=-1)
    across = torch.stack([-angle.sin(), angle.cos()], dim=-1)
    return values.clamp_min(0.0), torch.stack([along, across], dim=-2)


def spread_of(maps: Tensor) -> Spread:
    """Mean and covariance of non-negative maps (B, K, H, W).

        w = F / sum F,  mean = sum w p,  covariance = sum w (p - mean)(p - mean)^T / (1 - sum w^2)

    The divisor is the unbiased form of a weighted covariance.
    """
    mass = mass_of(maps)
    x, y = unit_grid(mass.shape[3], mass), unit_grid(mass.shape[2], mass)
    columns, rows = mass.sum(2), mass.sum(3)
    mean_x, mean_y = (columns * x).sum(2), (rows * y).sum(2)
    from_x, from_y = x - mean_x[..., None], y - mean_y[..., None]
    divisor = (1 - mass.square().sum((2, 3))).clamp_min(1e-3)
    mixed = torch.einsum("bkhw,bkw,bkh->bk", mass, from_x, from_y)
    variance_x = (columns * from_x.square()).sum(2)
    variance_y = (rows * from_y.square()).sum(2)
    variances, axes = eigen_2x2(variance_x / divisor, mixed / divisor, variance_y / divisor)
    return Spread(torch.stack([mean_x, mean_y], dim=2), variances, axes)


def distance_of(error: Tensor, kind: str) -> Tensor:
    """|e|, or smooth-L1: e^2 / (2 z) within z = SMOOTH_ZONE and |e| - z / 2 outside."""
    if kind == "l1":
        return error.abs()
    return functional.smooth_l1_loss(error, torch.zeros_like(error), beta=SMOOTH_ZONE, reduction="none")


def star_loss(
    maps: Tensor, landmarks: Tensor, distance: str = "smooth_l1", order: str = "v2", width: float = 1.0
) -> Tensor:
    """(B, K) self-adaptive ambiguity reduction.

        e_i = v_i . (y - mean);  v2: sum_i d(e_i) / sqrt(lambda_i + 1e-5)
                                 v1: sum_i d(e_i / sqrt(lambda_i + 1e-5))
        plus width (|lambda_1| + |lambda_2|), without which the widest map would be the best.

    Args:
        maps: (B, K, H, W) non-negative.
        landmarks: (B, K, 2) true points in half crop sides, not rounded to cells.
        distance: smooth_l1 or l1.
        order: v2 measures the error first, v1 divides first.
        width: weight of the eigenvalues.
    """
    spread = spread_of(maps)
    projected = (spread.axes @ (landmarks - spread.mean)[..., None])[..., 0]
    deviation = (spread.variances + MIN_VARIANCE).sqrt()
    if order == "v1":
        cost = distance_of(projected / deviation, distance)
    else:
        cost = distance_of(projected, distance) / deviation
    return cost.sum(2) + width * spread.variances.abs().sum(2)
