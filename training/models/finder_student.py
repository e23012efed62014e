"""The finder's student: a small all-convolution hourglass with one map of stride 8, for int8.

The same building blocks as the landmark student, for the same reasons. Three heads, so that score,
box and points each keep an int8 scale of their own. What the maps mean: device/contract/finder_codec.py.

    image H x W -> /2 -> /4 -> /8 -> /16 -> /32
                               |      |      |
    score, box, points /8 <-  /8 <- /16 <-  +
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from training.models.landmark_student import ConvUnit, Merge, Residual

STRIDE = 8
"""Input pixels per cell."""
RARE = 0.01
"""Share of cells with a face that the score begins with (focal loss: Lin et al., 2017, section 4.1)."""


class FinderStudent(nn.Module):
    """Image to raw maps of score, box and points."""

    def __init__(
        self,
        stem: int = 16,
        widths: Sequence[int] = (24, 48, 64, 80),
        depths: Sequence[int] = (1, 1, 2, 1),
        inner: Sequence[int] = (16, 32, 64, 80),
        decoder: Sequence[int] = (48, 40),
    ) -> None:
        """Build the network.

        Args:
            stem: channels at /2.
            widths: channels at /4, /8, /16, /32.
            depths: residual blocks at the same places.
            inner: channels inside those blocks.
            decoder: channels on the way up, at /16 and /8.
        """
        super().__init__()
        self.stem = ConvUnit(3, stem, stride=2)
        places = [stem, *widths]
        self.stages = nn.ModuleList(
            nn.Sequential(ConvUnit(before, after, stride=2), *(Residual(after, narrow) for _ in range(depth)))
            for before, after, depth, narrow in zip(places, widths, depths, inner, strict=False)
        )
        deep = widths[-1]
        self.merges = nn.ModuleList()
        for shallow, width in zip(widths[-2::-1], decoder, strict=False):
            self.merges.append(Merge(deep, shallow, width))
            deep = width
        self.trunk = ConvUnit(deep, deep)
        self.score = nn.Conv2d(deep, 1, kernel_size=1)
        self.box = nn.Conv2d(deep, 4, kernel_size=1)
        self.points = nn.Conv2d(deep, 10, kernel_size=1)
        assert self.score.bias is not None
        nn.init.constant_(self.score.bias, -math.log((1 - RARE) / RARE))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) to (B, 1, H/8, W/8), (B, 4, ...) and (B, 10, ...) raw maps."""
        features = self.stem(image)
        levels: list[Tensor] = []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        for merge, shallow in zip(self.merges, reversed(levels[:-1]), strict=False):
            features = merge(features, shallow)
        features = self.trunk(features)
        return self.score(features), self.box(features), self.points(features)
