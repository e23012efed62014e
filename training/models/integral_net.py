"""Maps whose mean is the landmark: EfficientFAN's student and teacher.

As published, a map is Gaussian-like and its positive part is the mass. In int8 the ground of such a map is
rounded to steps of 1/127 of its height, and a thousand cells of ground outweigh the peak: measured, 18
points of NME. The Edge-friendly variant's mass is exp(H - max H) of raw maps H instead, as the device's
softmax reads them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.backbones import build_backbone
from training.models.decoders import (
    PYRAMID,
    Decoder,
    PyramidDecoder,
    doublings_from,
    one_width,
    pyramid_widths,
)

GROUND = -2.0
"""Where the maps' BatchNorm begins to put their mean, in standard deviations: below zero, so that the ground
has no mass. At zero half of it has some, and a trunk whose maps are 5.3 % NME off would begin with 8.8 %."""


def published_shape(landmark_count: int) -> nn.Sequential:
    """BatchNorm and hard swish over the maps."""
    norm = nn.BatchNorm2d(landmark_count)
    nn.init.constant_(norm.bias, GROUND)
    return nn.Sequential(norm, nn.Hardswish())


class IntegralNet(nn.Module):
    """Backbone, doublings to S/4, one map a landmark."""

    def __init__(
        self,
        landmark_count: int,
        input_side: int,
        backbone: str,
        backbone_arguments: dict[str, object] | None = None,
        *,
        width: int | Sequence[int] = 128,
        upsampling: str = "deconvolution",
        hard_swish: bool = True,
    ) -> None:
        """Build it.

        Args:
            landmark_count: K.
            input_side: S.
            backbone: one of BACKBONES; its last map but the top is decoded.
            backbone_arguments: its own.
            width: channels of the decoder; of the pyramid also three, at S/16, S/8 and S/4.
            upsampling: deconvolution as published, nearest for int8; pyramid, which adds the backbone's maps.
            hard_swish: after the maps' BatchNorm as published; without both the maps are raw.
        """
        super().__init__()
        self.codec = "relu_expectation" if hard_swish else "softmax_expectation"
        self.backbone = build_backbone(backbone, input_side, backbone_arguments or {})
        # The trunk's last map is decoded: a wider top above it would be computed for nothing.
        self.backbone.top = nn.Identity()
        deep = self.backbone.widths[-2]
        self.decoder: Decoder | PyramidDecoder
        if upsampling == PYRAMID:
            self.decoder = PyramidDecoder(self.backbone.widths[:-1], pyramid_widths(width))
        else:
            width = one_width(width, upsampling)
            self.decoder = Decoder(deep, width, upsampling, doublings_from(self.backbone.stride))
        last = self.decoder.widths[-1]
        # BatchNorm takes a constant away, and so does a softmax.
        self.heatmap = nn.Conv2d(last, landmark_count, kernel_size=1, bias=False)
        self.shape = published_shape(landmark_count) if hard_swish else nn.Identity()
        self.presence = nn.Linear(deep, 1)
        self.stage_widths = (deep, *self.decoder.widths)

    def _grown(self, image: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        levels = self.backbone(image)[:-1]
        deep, grown = levels[-1], self.decoder(levels)
        maps = self.shape(self.heatmap(grown[-1]))
        presence = self.presence(functional.avg_pool2d(deep, deep.shape[2:]).flatten(1))
        return [deep, *grown], maps, presence

    def stages(self, image: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """What is trained on: features from the deepest to S/4, masses (B, K, S/4, S/4), logits (B, 1)."""
        features, maps, presence = self._grown(image)
        if self.codec == "softmax_expectation":
            maps = maps.float()
            maps = torch.exp(maps - maps.amax((2, 3), keepdim=True))
        return features, maps, presence

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to maps (B, K, S/4, S/4), of mass or raw, and logits (B, 1): what is deployed."""
        _, maps, presence = self._grown(image)
        return maps, presence
