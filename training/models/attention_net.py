"""Maps under anisotropic attention: the Swin teacher and its student (Hong & Lin, arXiv 2404.06029).

    heatmap H, point map P, edge map E, each a 1x1 convolution of the same features
    F_k = H_k P_k A_k,  A_k = sum of E over the contours that landmark k lies on, 1 for one on none
                                                                                   (ADNet, ICCV 2021)

As published, H is ReLU(InstanceNorm) and the products are part of the graph. An Edge-friendly student keeps
P and E for training alone: its F is exp(H - max H), so that it deploys one raw map a landmark and the
device's softmax expectation reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from training.models.backbones import build_backbone
from training.models.decoders import (
    PYRAMID,
    Deconvolution,
    PyramidDecoder,
    doublings_from,
    one_width,
    pyramid_widths,
)
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


def _grow(kind: str, width: int, doublings: int) -> nn.Module:
    """The smallest map alone, doubled two or three times to S/4, in `width` channels.

    Raises:
        BadInputError: an unknown kind.
    """
    if kind == "deconvolution":
        steps = (Deconvolution(width, width, 4, 2) for _ in range(doublings - 2))
        return nn.Sequential(Deconvolution(width, width, 6, 4), *steps)
    if kind == "nearest":
        return nn.Upsample(scale_factor=float(2**doublings), mode="nearest")
    if kind == "nearest_convolution":
        doubled = [
            part
            for _ in range(doublings)
            for part in (nn.Upsample(scale_factor=2.0, mode="nearest"), ConvUnit(width, width))
        ]
        return nn.Sequential(*doubled)
    raise BadInputError(
        f"decoder {kind!r} is unknown, known: deconvolution, nearest, nearest_convolution, {PYRAMID}"
    )


class NarrowDecoder(nn.Module):
    """As published: the smallest map, narrowed, with noise in training, then grown."""

    def __init__(self, inputs: int, width: int, kind: str, noise: float, doublings: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, width, kernel_size=1)
        self.noise = GaussianNoise(noise)
        self.grow = _grow(kind, width, doublings)
        self.widths = (width,)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Maps whose last is (B, inputs, H, H), the smallest, to one of (B, width, S/4, S/4)."""
        return [self.grow(self.noise(self.narrow(levels[-1])))]


class AttentionNet(nn.Module):
    """Backbone, decoder, three heads."""

    spread: Tensor
    """(K, E, 1, 1) 1 where landmark k lies on contour e, else 0."""
    free: Tensor | None
    """(K,) 1 where landmark k lies on no contour, else 0; None where each lies on one."""

    def __init__(
        self,
        landmark_count: int,
        input_side: int,
        backbone: str,
        backbone_arguments: dict[str, object] | None = None,
        *,
        width: int | Sequence[int] = 256,
        decoder: str = "deconvolution",
        noise: float = 0.1,
        fused_graph: bool = True,
        scheme: str = "ibug_68",
    ) -> None:
        """Build it.

        Args:
            landmark_count: K.
            input_side: S.
            backbone: one of BACKBONES; its top is decoded, by the pyramid its other maps.
            backbone_arguments: its own.
            width: channels after the backbone; of the pyramid also three, at S/16, S/8 and S/4.
            decoder: deconvolution as the teacher's, nearest (x8 at once) as the published student's,
                nearest_convolution (three doublings, a 3x3 each) or pyramid, which adds the backbone's maps,
                for the Edge-friendly ones.
            noise: deviation of the noise on the narrowed features in training; the pyramid has none.
            fused_graph: F = H P A in the graph, as published; else exp(H) outside it.
            scheme: whose contours the edge maps show.

        Raises:
            BadInputError: a scheme of another number of points, or without known contours.
        """
        from training.losses.map_targets import contours_of, membership

        super().__init__()
        contours = contours_of(scheme)
        if SCHEMES[scheme].count != landmark_count:
            raise BadInputError(
                f"[model] arguments.scheme is {scheme} of {SCHEMES[scheme].count} points, the run's has "
                f"{landmark_count}: name the same scheme in both"
            )
        self.codec = "relu_expectation" if fused_graph else "softmax_expectation"
        self.fused_graph = fused_graph
        self.backbone = build_backbone(backbone, input_side, backbone_arguments or {})
        self.decoder: NarrowDecoder | PyramidDecoder
        if decoder == PYRAMID:
            self.backbone.top = nn.Identity()
            self.decoder = PyramidDecoder(self.backbone.widths[:-1], pyramid_widths(width))
        else:
            narrow = one_width(width, decoder)
            doublings = doublings_from(self.backbone.stride)
            self.decoder = NarrowDecoder(self.backbone.widths[-1], narrow, decoder, noise, doublings)
        last = self.decoder.widths[-1]
        deep = self.backbone.widths[-2 if decoder == PYRAMID else -1]
        self.heatmap = nn.Conv2d(last, landmark_count, kernel_size=1)
        self.point = nn.Conv2d(last, landmark_count, kernel_size=1)
        self.edge = nn.Conv2d(last, len(contours), kernel_size=1)
        self.presence = nn.Linear(deep, 1)
        spread = membership(contours, landmark_count)
        self.register_buffer("spread", spread[:, :, None, None], persistent=False)
        # No contour holds back a landmark that lies on none.
        free = (spread.sum(1) == 0).float()
        self.register_buffer("free", free if bool(free.any()) else None, persistent=False)
        self.heads = ("heatmap", "point", "edge")

    def start_from(self, teacher: "AttentionNet") -> None:
        """Begin with the teacher's 1x1 heads where the widths agree, as published."""
        for name in self.heads:
            ours, theirs = getattr(self, name), getattr(teacher, name)
            if ours.weight.shape == theirs.weight.shape:
                ours.load_state_dict(theirs.state_dict())

    def _grown(self, image: Tensor) -> tuple[Tensor, Tensor]:
        levels = self.backbone(image)
        top = levels[-1]
        presence = self.presence(functional.avg_pool2d(top, top.shape[2:]).flatten(1))
        if isinstance(self.decoder, PyramidDecoder):
            levels = levels[:-1]
        return self.decoder(levels)[-1], presence

    def _fuse(self, heatmap: Tensor, point: Tensor, edge: Tensor) -> Tensor:
        """(B, K, H, W) F of the raw heads."""
        if not self.fused_graph:
            heatmap = heatmap.float()
            return torch.exp(heatmap - heatmap.amax((2, 3), keepdim=True))
        height = functional.relu(functional.instance_norm(heatmap))
        # A 1x1 convolution with the constant 0/1 table sums each landmark's contours.
        free = None if self.free is None else self.free.to(edge.dtype)
        attention = functional.conv2d(edge.sigmoid(), self.spread.to(edge.dtype), free)
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
