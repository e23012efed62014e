"""KD-Net's losses: a teacher is followed until it is passed, and then left behind.

Fard & Mahoor, CVIU 215 (2022) 103316, "Facial landmark points detection using knowledge
distillation-based neural networks". Letters: x student, g truth, t teacher, any common shape;
coordinates in crop sides, so that an error is far below 1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

INNER_SHARE = 0.15
"""Of the teacher's error: below this fraction of it, the teacher has no influence on the student."""
NEAR_SLOPE = 3.0
"""Pull of the main loss on a student better than the tolerant teacher, as published."""


@dataclass(frozen=True)
class Pull:
    """Weights of one teacher's assistive loss."""

    behind: float
    """Towards the teacher, for a student farther from the truth than it."""
    ahead: float
    """Negative: away from the teacher, on towards the truth, for a student between both."""


TOUGH = Pull(1.9, -0.45)
"""Of the teacher that learnt from the labels."""
TOLERANT = Pull(1.8, -0.4)
"""Of the teacher that learnt from the shape model's smoothed labels."""


def reflected(student: Tensor, true: Tensor, teacher: Tensor) -> Tensor:
    """T' = g + sign(x - g) |t - g|: the teacher on the student's side of the truth, as far off as it is."""
    return true + torch.sign(student - true) * (teacher - true).abs()


def assistive_loss(student: Tensor, true: Tensor, teacher: Tensor, pull: Pull) -> Tensor:
    """ALoss, element by element: phi |t' - x|.

        phi = pull.behind  where |x - g| > |t - g|                (towards the teacher)
              pull.ahead   where 0.15 |t - g| < |x - g| <= |t - g|   (away from it, to the truth)
              0            where |x - g| <= 0.15 |t - g|

    It may be negative: watch the error, not the loss.
    """
    error, teacher_error = (student - true).abs(), (teacher - true).abs()
    weight = torch.where(
        error > teacher_error, pull.behind, torch.where(error > INNER_SHARE * teacher_error, pull.ahead, 0.0)
    )
    return weight * (reflected(student, true, teacher) - student).abs()


def main_loss(student: Tensor, true: Tensor, tolerant: Tensor, weighting: str = "published") -> Tensor:
    """The loss against the labels, element by element; tau = |g - t| is the tolerant teacher's error.

    published:  3 e  for e <= tau,  e^2 + 3 tau - tau^2  otherwise
    corrected:  3 e^2 / (2 tau)  for e <= tau,  3 e - 3 tau / 2  otherwise

    In crop sides e is below 0.5, so that the published outer branch pulls with 2 e < 1 where the inner one
    pulls with 3: the worst points are pulled the least. The corrected form has the same largest pull,
    but gives it to the points outside tau, and value and slope are continuous there.
    """
    error, bound = (student - true).abs(), (tolerant - true).abs()
    if weighting == "published":
        far = error.square() + NEAR_SLOPE * bound - bound.square()
        return torch.where(error <= bound, NEAR_SLOPE * error, far)
    near = NEAR_SLOPE * error.square() / (2 * bound.clamp_min(1e-6))
    return torch.where(error <= bound, near, NEAR_SLOPE * (error - bound / 2))
