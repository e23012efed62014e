"""Maps under anisotropic attention: the Swin teacher and its student (Hong & Lin, arXiv 2404.06029).

    heatmap H, point map P, edge map E, each a 1x1 convolution of the same features
    F_k = H_k P_k A_k,  A_k = sum of E over the contours that landmark k lies on   (ADNet, ICCV 2021)

As published, H is ReLU(InstanceNorm) and the products are part of the graph. An Edge-friendly student keeps
P and E for training alone: its F is exp(H - max H), so that it deploys one raw map a landmark and the
device's softmax expectation reads it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from device.contract.errors import BadInputError
from training.models.backbones import build_backbone
from training.models.decoders import Deconvolution
from training.models.landmark_student import ConvUnit


@dataclass(frozen=True, eq=False)
class AttentionMaps:
    """What the network says of a batch."""

    fused: Tensor
    """(B, K, S/4, S/4) F, non-negative: its normalised mass is the landmark's distribution."""
    point: Tensor
    """(B, K, S/4, S/4) logits of P."""
    edge: Tensor
    """(B, E, S/4, S/4) logits of E."""
    presence: Tensor
    """(B, 1) logits."""


class GaussianNoise(nn.Module):
    """Adds normal noise in training."""

    def __init__(self, deviation: float) -> None:
        """Standard deviation of the noise."""
        super().__init__()
        self.deviation = deviation

    def forward(self, features: Tensor) -> Tensor:
        """The features, in training with noise."""
        return features + torch.randn_like(features) * self.deviation if self.training else features


def _decoder(kind: str, width: int) -> nn.Module:
    """S/32 to S/4 in `width` channels.

    Raises:
        BadInputError: an unknown kind.
    """
    if kind == "deconvolution":
        return nn.Sequential(Deconvolution(width, width, 6, 4), Deconvolution(width, width, 4, 2))
    if kind == "nearest":
        return nn.Upsample(scale_factor=8.0, mode="nearest")
    if kind == "nearest_convolution":
        doubled = [
            part
            for _ in range(3)
            for part in (nn.Upsample(scale_factor=2.0, mode="nearest"), ConvUnit(width, width))
        ]
        return nn.Sequential(*doubled)
    raise BadInputError(f"decoder {kind!r} is unknown, known: deconvolution, nearest, nearest_convolution")


class AttentionNet(nn.Module):
    """Backbone, decoder, three heads."""

    spread: Tensor
    """(K, E, 1, 1) 1 where landmark k lies on contour e, else 0."""

    def __init__(
        self,
        landmark_count: int,
        input_side: int,
        backbone: str,
        backbone_arguments: dict[str, object] | None = None,
        *,
        width: int = 256,
        decoder: str = "deconvolution",
        noise: float = 0.1,
        fused_graph: bool = True,
        scheme: str = "ibug_68",
    ) -> None:
        """Build it.

        Args:
            landmark_count: K.
            input_side: S.
            backbone: one of BACKBONES; its top is decoded.
            backbone_arguments: its own.
            width: channels after the backbone.
            decoder: deconvolution as the teacher's, nearest (x8 at once) as the published student's,
                nearest_convolution (three doublings, a 3x3 each) for the Edge-friendly one.
            noise: deviation of the noise on the narrowed features in training.
            fused_graph: F = H P A in the graph, as published; else exp(H) outside it.
            scheme: whose contours the edge maps show.
        """
        from training.losses.map_targets import contours_of, membership

        super().__init__()
        contours = contours_of(scheme)
        self.codec = "relu_expectation" if fused_graph else "softmax_expectation"
        self.fused_graph = fused_graph
        self.backbone = build_backbone(backbone, input_side, backbone_arguments or {})
        self.narrow = nn.Conv2d(self.backbone.widths[-1], width, kernel_size=1)
        self.noise = GaussianNoise(noise)
        self.decoder = _decoder(decoder, width)
        self.heatmap = nn.Conv2d(width, landmark_count, kernel_size=1)
        self.point = nn.Conv2d(width, landmark_count, kernel_size=1)
        self.edge = nn.Conv2d(width, len(contours), kernel_size=1)
        self.presence = nn.Linear(self.backbone.widths[-1], 1)
        self.register_buffer(
            "spread", membership(contours, landmark_count)[:, :, None, None], persistent=False
        )
        self.heads = ("heatmap", "point", "edge")

    def start_from(self, teacher: "AttentionNet") -> None:
        """Begin with the teacher's 1x1 heads where the widths agree, as published."""
        for name in self.heads:
            ours, theirs = getattr(self, name), getattr(teacher, name)
            if ours.weight.shape == theirs.weight.shape:
                ours.load_state_dict(theirs.state_dict())

    def _grown(self, image: Tensor) -> tuple[Tensor, Tensor]:
        top = self.backbone(image)[-1]
        presence = self.presence(functional.avg_pool2d(top, top.shape[2:]).flatten(1))
        return self.decoder(self.noise(self.narrow(top))), presence

    def _fuse(self, heatmap: Tensor, point: Tensor, edge: Tensor) -> Tensor:
        """(B, K, H, W) F of the raw heads."""
        if not self.fused_graph:
            heatmap = heatmap.float()
            return torch.exp(heatmap - heatmap.amax((2, 3), keepdim=True))
        height = functional.relu(functional.instance_norm(heatmap))
        # A 1x1 convolution with the constant 0/1 table sums each landmark's contours.
        attention = functional.conv2d(edge.sigmoid(), self.spread.to(edge.dtype))
        return height * point.sigmoid() * attention

    def maps(self, image: Tensor) -> AttentionMaps:
        """Every head of a batch, for training."""
        features, presence = self._grown(image)
        heatmap, point, edge = self.heatmap(features), self.point(features), self.edge(features)
        return AttentionMaps(self._fuse(heatmap, point, edge), point, edge, presence)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to maps (B, K, S/4, S/4), raw or fused, and logits (B, 1): what is deployed."""
        features, presence = self._grown(image)
        heatmap = self.heatmap(features)
        if self.fused_graph:
            return self._fuse(heatmap, self.point(features), self.edge(features)), presence
        return heatmap, presence
