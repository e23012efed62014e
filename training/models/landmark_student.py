"""The student: an all-convolution hourglass with raw heatmaps out, shaped for int8 and for NPUs.

Only ordinary 3x3 and 1x1 convolutions, BatchNorm (folds away), ReLU, addition and nearest-neighbour
upsampling: each maps to the Edge TPU, the Ethos-U and XNNPACK's int8 kernels, and none has the uneven
channel ranges of a depthwise convolution. Softmax and expectation are the codec's, outside the graph.

    image S -> S/2 -> S/4 -> S/8 -> S/16 -> S/32      strided 3x3, then residual blocks
                      |       |       |       |
    heatmap S/4   <- S/4  <- S/8  <- S/16 <- + <- S/64   nearest x2, 1x1 lateral added, 3x3
                                              `-> presence

Additions rather than concatenations: joined tensors share one int8 scale, which starves the smaller
one. Letters: B images, S crop side, K landmarks.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class ConvUnit(nn.Sequential):
    """Convolution, BatchNorm and, with `relu`, ReLU: one int8 operator after folding."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, relu: bool = True
    ) -> None:
        """Same padding."""
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Residual(nn.Module):
    """x + conv(conv(x)), the inner width free: narrow inside costs less at equal field of view."""

    def __init__(self, width: int, inner: int) -> None:
        """Two 3x3 convolutions, `width` -> `inner` -> `width`."""
        super().__init__()
        self.first = ConvUnit(width, inner)
        self.second = ConvUnit(inner, width, relu=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, width, H, W) to the same."""
        return functional.relu(features + self.second(self.first(features)))


class Merge(nn.Module):
    """One step up: nearest x2 of the deep features plus a 1x1 of the shallow ones, then a 3x3."""

    def __init__(self, deep: int, shallow: int, width: int) -> None:
        """The deep features are narrowed before they grow, where it is four times cheaper."""
        super().__init__()
        self.narrow = ConvUnit(deep, width, kernel=1, relu=False)
        self.lateral = ConvUnit(shallow, width, kernel=1, relu=False)
        self.mix = ConvUnit(width, width)

    def forward(self, deep: Tensor, shallow: Tensor) -> Tensor:
        """(B, deep, H, W) and (B, shallow, 2H, 2W) to (B, width, 2H, 2W)."""
        grown = functional.interpolate(self.narrow(deep), scale_factor=2.0, mode="nearest")
        return self.mix(functional.relu(grown + self.lateral(shallow)))


class Context(nn.Module):
    """x + features computed at half its size, where a 3x3 convolution reaches across the whole face.

    A large input needs it: its S/32 map has so many cells that a jaw's end no longer sees the other.
    """

    def __init__(self, width: int, inner: int) -> None:
        """`width` at S/32, `inner` channels at S/64."""
        super().__init__()
        self.down = nn.Sequential(ConvUnit(width, inner, stride=2), Residual(inner, inner))
        self.spread = ConvUnit(inner, width, kernel=1, relu=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, width, 2H, 2W) to the same."""
        context = functional.interpolate(self.spread(self.down(features)), scale_factor=2.0, mode="nearest")
        return functional.relu(features + context)


DECODER = (96, 64, 64)
"""Channels on the way up, where a run file says nothing else."""


class FeaturePyramid(nn.Module):
    """Trunk, decoder, raw heatmaps and a presence logit; subclasses bring the trunk."""

    def levels(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to the trunk's maps at S/4, S/8, S/16 and S/32."""
        raise NotImplementedError

    def blocks(self) -> list[nn.Module]:
        """The trunk's stem and blocks in order: what `[optimiser] frozen_blocks` counts."""
        raise NotImplementedError

    def add_decoder(
        self, landmark_count: int, widths: Sequence[int], decoder: Sequence[int], context: int
    ) -> None:
        """Put the decoder and the heads on a trunk.

        Args:
            landmark_count: K.
            widths: channels of the trunk's maps, S/4 to S/32.
            decoder: channels on the way up, at S/16, S/8, S/4; fewer: the maps are coarser.
            context: channels at S/64, which S must then be a multiple of; 0: nothing there.
        """
        deep = widths[-1]
        self.context = Context(deep, context) if context else nn.Identity()
        self.presence = nn.Linear(deep, 1)
        self.merges = nn.ModuleList()
        for shallow, width in zip(reversed(widths[:-1]), decoder, strict=False):
            self.merges.append(Merge(deep, shallow, width))
            deep = width
        self.heatmap = nn.Conv2d(deep, landmark_count, kernel_size=1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S), real = (pixel - 128) / 128, to (B, K, H, H) maps, H mostly S/4, and (B, 1) logits."""
        features, presence = self.features(image)
        return self.heatmap(features), presence

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to what the maps are read from, (B, C, H, H), and (B, 1) logits."""
        levels = self.levels(image)
        features = self.context(levels[-1])
        # Average pooling by name: a mean over two axes becomes a transposition in TFLite.
        presence = self.presence(functional.avg_pool2d(features, features.shape[2:]).flatten(1))
        for merge, shallow in zip(self.merges, reversed(levels[:-1]), strict=False):
            features = merge(features, shallow)
        return features, presence


class LandmarkStudent(FeaturePyramid):
    """The student's own trunk of residual blocks under the decoder."""

    def __init__(
        self,
        landmark_count: int,
        stem: int = 16,
        widths: Sequence[int] = (32, 64, 128, 160),
        depths: Sequence[int] = (1, 2, 2, 2),
        decoder: Sequence[int] = DECODER,
        *,
        inner: Sequence[int] | None = None,
        context: int = 0,
    ) -> None:
        """Build the network.

        Args:
            landmark_count: K.
            stem: channels at S/2.
            widths: channels at S/4, S/8, S/16, S/32.
            depths: residual blocks at the same places.
            inner: channels inside the residual blocks there; as many as outside if not given.
            decoder: as `add_decoder` wants it.
            context: as `add_decoder` wants it.
        """
        super().__init__()
        self.stem = ConvUnit(3, stem, stride=2)
        places = [stem, *widths]
        self.stages = nn.ModuleList(
            nn.Sequential(ConvUnit(before, after, stride=2), *(Residual(after, inside) for _ in range(depth)))
            for before, after, depth, inside in zip(places, widths, depths, inner or widths, strict=False)
        )
        self.add_decoder(landmark_count, widths, decoder, context)

    def blocks(self) -> list[nn.Module]:
        """Stem, then every stage."""
        return [self.stem, *self.stages]

    def levels(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16 and S/32."""
        features, found = self.stem(image), []
        for stage in self.stages:
            features = stage(features)
            found.append(features)
        return found
