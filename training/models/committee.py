"""Several networks that predict as one: a teacher better than each of them.

Letters: B images, S the committee's input side, K landmarks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.data.resizing import resized
from training.losses.heatmap import softmax_mass


def spread_over(masses: Tensor, cells: int) -> Tensor:
    """Masses (B, K, H, H), each summing to one over a map, on maps of `cells` a side, summing to one."""
    if masses.shape[2] == cells:
        return masses
    moved = resized(masses, cells)
    return moved / moved.sum((2, 3), keepdim=True)


class Committee(nn.Module):
    """The mixture of its members' distributions.

    Its mean is the mean of theirs, so errors that they do not share cancel in part; where they disagree it
    is broad (Lakshminarayanan et al., NeurIPS 2017, arXiv 1612.01474). Members of other input sides share
    less: each sees the image at its own.
    """

    def __init__(self, members: Sequence[nn.Module], sides: Sequence[int]) -> None:
        """Build it of frozen networks.

        Args:
            members: each gives raw maps (B, K, H, H) and logits (B, 1).
            sides: of their inputs; the largest is the committee's.
        """
        super().__init__()
        self.members, self.sides = nn.ModuleList(members), tuple(sides)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to maps (B, K, H, H), whose softmax is the mixture, and mean logits (B, 1).

        H is the largest of the members'.
        """
        masses, logits = [], []
        for member, side in zip(self.members, self.sides, strict=True):
            maps, presence = member(resized(image, side))
            masses.append(softmax_mass(maps))
            logits.append(presence)
        cells = max(mass.shape[2] for mass in masses)
        mixture = torch.stack([spread_over(mass, cells) for mass in masses]).mean(0)
        # What bilinear weights leave at nought, float's smallest number keeps finite.
        return mixture.clamp_min(torch.finfo(mixture.dtype).tiny).log(), torch.stack(logits).mean(0)
