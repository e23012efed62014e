"""Smooth deformations of crops: other faces and expressions than the few that a set holds.

A crop pixel q shows what lay at q + D(q), where D is a smooth field between normal values at a few knots. A
landmark p is then seen at the q for which q + D(q) = p. Letters: B crops, S crop side, K landmarks.
"""

import torch
from torch import Tensor
from torch.nn import functional

KNOTS = 5
"""Each way. Fewer bend a face as a whole, more bend the lines within it."""

STEPS = 4
"""Of the fixed-point iteration for landmarks: the field's slope to this power is left, under 0.1 px."""


def random_bends(count: int, side: int, deviation: float, rng: torch.Generator) -> Tensor:
    """(B, S, S, 2) fields D, crop pixels, x then y.

    Args:
        count: B.
        side: S.
        deviation: of the values at the knots, crop sides; clipped at twice that.
        rng: on the tensor device.
    """
    knots = torch.randn(count, 2, KNOTS, KNOTS, generator=rng, device=rng.device).clamp(-2, 2)
    field = functional.interpolate(knots * (deviation * side), size=(side, side), mode="bicubic")
    return field.permute(0, 2, 3, 1)


def bent_landmarks(landmarks: Tensor, bends: Tensor) -> Tensor:
    """(B, K, 2) crop pixels at which landmarks are seen in the bent crops; D goes on beyond the edges."""
    side, field = bends.shape[1], bends.permute(0, 3, 1, 2)
    seen = landmarks
    for _ in range(STEPS):
        grid = ((2 * seen + 1) / side - 1)[:, :, None]
        moved = functional.grid_sample(field, grid, padding_mode="border", align_corners=False)
        seen = landmarks - moved[:, :, :, 0].transpose(1, 2)
    return seen
