"""Several networks that answer as one: a teacher better than each of them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Committee(nn.Module):
    """The mixture of its members' distributions.

    Its mean is the mean of theirs, so the errors that they do not share grow less; where they disagree it
    is broad (Lakshminarayanan et al., NeurIPS 2017, arXiv 1612.01474).
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        """`members` give raw maps of one size, (B, K, H, W), and logits (B, 1)."""
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to maps (B, K, H, W), whose softmax is the mixture, and mean logits (B, 1)."""
        answers = [member(image) for member in self.members]
        masses = [maps.float().flatten(2).log_softmax(2) for maps, _ in answers]
        # The mixture's constant share, 1 / members, falls away in a softmax.
        maps = torch.logsumexp(torch.stack(masses), 0).view(answers[0][0].shape)
        return maps, torch.stack([presence for _, presence in answers]).mean(0)
