"""Wing losses: steep near the truth, where an ordinary squared error is flat."""

import math

import torch
from torch import Tensor
from torch.nn import functional

HIGH_TARGET = 0.2
"""Targets from here on, and their neighbours, weigh more in `weighted_adaptive_wing`."""
HIGH_WEIGHT = 10.0
"""By this much."""


def wing_loss(predicted: Tensor, true: Tensor, width: float = 15.0, curvature: float = 3.0) -> Tensor:
    """Element by element (Feng et al., CVPR 2018).

        w ln(1 + |e| / eps)  for |e| < w,  |e| - C  otherwise,  C = w - w ln(1 + w / eps)

    Args:
        predicted: any shape, pixels.
        true: the same shape.
        width: w, pixels.
        curvature: eps, pixels.
    """
    error = (predicted - true).abs()
    constant = width - width * math.log1p(width / curvature)
    return torch.where(error < width, width * torch.log1p(error / curvature), error - constant)


def adaptive_wing_loss(
    predicted: Tensor,
    target: Tensor,
    *,
    omega: float = 14.0,
    theta: float = 0.5,
    epsilon: float = 1.0,
    alpha: float = 2.1,
) -> Tensor:
    """Cell by cell on maps in 0..1: wing where the target is high, soft where it is low (Wang, ICCV 2019).

        q = alpha - y
        omega ln(1 + |e / eps|^q)  for |e| < theta,  A |e| - C  otherwise
        A = omega q (theta / eps)^(q - 1) / (eps (1 + (theta / eps)^q))
        C = theta A - omega ln(1 + (theta / eps)^q)

    A and C make value and slope continuous at theta.
    """
    error = (target - predicted).abs()
    power = alpha - target
    ratio = (theta / epsilon) ** power
    slope = omega * power * (theta / epsilon) ** (power - 1) / (epsilon * (1 + ratio))
    constant = theta * slope - omega * torch.log1p(ratio)
    # 0 ** q has an infinite slope for q below 1 and a useless one above: kept off it.
    near = omega * torch.log1p((error.clamp_min(1e-6) / epsilon) ** power)
    return torch.where(error < theta, near, slope * error - constant)


def weighted_adaptive_wing(predicted: Tensor, target: Tensor) -> Tensor:
    """(B, N) mean over the cells of adaptive wing times 1 + 10 [3x3 maximum of the target >= 0.2].

    Args:
        predicted: (B, N, H, W) in 0..1.
        target: the same shape.
    """
    high = functional.max_pool2d(target, 3, stride=1, padding=1) >= HIGH_TARGET
    return (adaptive_wing_loss(predicted, target) * (1 + HIGH_WEIGHT * high)).mean((2, 3))
