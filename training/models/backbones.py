"""Backbones by name: an image becomes feature maps, shallow to deep, the last at 1/32 of its side.

The published ones come from `transformers`, built from their configurations with random weights. What
its ports got wrong for training is put right here: BatchNorm's gains (drawn about 0, so that the signal dies
within a few blocks), those of SwinV2's norms, the share of a new batch in its running statistics, and
drop-connect, which there drops single numbers instead of whole branches. Attributes of the library's modules
have no types, so these modules are `Any` here.

Letters: B images, S side, C channels.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from device.contract.errors import BadInputError
from training.models.backbone import Backbone, round_width
from training.models.efficientnet_lite import EfficientNetLite
from training.models.landmark_student import ConvUnit, Residual

EFFICIENTNET_SCALES = {
    "b0": (1.0, 1.0),
    "b1": (1.0, 1.1),
    "b2": (1.1, 1.2),
    "b3": (1.2, 1.4),
    "b4": (1.4, 1.8),
    "b5": (1.6, 2.2),
    "b6": (1.8, 2.6),
    "b7": (2.0, 3.1),
}
"""Width and depth coefficients (Tan & Le, ICML 2019, table 1 and its code)."""
TOP_WIDTH = 1280
"""Of EfficientNet's last convolution at width 1."""
NEW_SHARE = 0.1
"""Of a batch in BatchNorm's running statistics."""


def _prepare(module: nn.Module) -> None:
    """Convolutions by He's rule; BatchNorm with gains of 1 and the usual share of a new batch."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            # Depthwise: fan_out counts every group's channel, each weight sees one.
            if part.groups > 1:
                with torch.no_grad():
                    part.weight.mul_(part.groups**0.5)
        elif isinstance(part, nn.BatchNorm2d):
            part.momentum = NEW_SHARE
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)


def _begin_as_identity(network: nn.Module) -> None:
    """Zero gains of the norms that end SwinV2's branches, as its authors begin (`_init_respostnorm`).

    With the port's gains of one every branch is as loud as what it is added to: in some hundred steps the
    features were the same for all images, and a net for telling faces upside down learnt nothing.
    """
    for name, part in network.named_modules():
        if name.endswith(("layernorm_before", "layernorm_after")):
            nn.init.zeros_(part.weight)


class EfficientNetBackbone(Backbone):
    """EfficientNet up to and with its top convolution."""

    def __init__(
        self,
        size: str = "b0",
        hidden_act: str = "swish",
        *,
        squeeze_excite: bool = True,
        last_stride: int = 2,
    ) -> None:
        """Build one of EFFICIENTNET_SCALES.

        Args:
            size: b0 to b7, or "WIDTHxDEPTH" coefficients for a smaller one.
            hidden_act: swish as published; relu for int8.
            squeeze_excite: as published; without it every layer is a convolution.
            last_stride: 1: the last maps have S/16.

        Raises:
            BadInputError: an unknown size.
        """
        from transformers import EfficientNetConfig, EfficientNetModel

        super().__init__()
        width, depth = self._scales(size)
        config = EfficientNetConfig(
            width_coefficient=width,
            depth_coefficient=depth,
            hidden_dim=round_width(TOP_WIDTH * width),
            hidden_act=hidden_act,
            drop_connect_rate=0.0,
        )
        network: Any = EfficientNetModel(config)
        self.embeddings, self.encoder = network.embeddings, network.encoder
        names = ("top_conv", "top_bn", "top_activation")
        self.top = nn.Sequential(OrderedDict((name, getattr(self.encoder, name)) for name in names))
        for name in names:
            delattr(self.encoder, name)
        if not squeeze_excite:
            for block in self.encoder.blocks:
                block.squeeze_excite = nn.Identity()
        _prepare(self)
        blocks = self.encoder.blocks
        strides = [block.depthwise_conv.stride for block in blocks]
        # A stage's map is the last before the next halving.
        before_halving = [number for number, stride in enumerate(strides[1:]) if stride == 2]
        self.ends = [*before_halving[1:], len(blocks) - 1]
        if last_stride == 1:
            last = blocks[before_halving[-1] + 1].depthwise_conv
            # The port pads by itself where it halves.
            last.stride, last.depthwise_conv.stride, last.depthwise_conv.padding = 1, (1, 1), "same"
        self.stride = 16 * last_stride
        self.widths = [blocks[end].projection.project_conv.out_channels for end in self.ends]
        self.widths.append(config.hidden_dim)

    @staticmethod
    def _scales(size: str) -> tuple[float, float]:
        if size in EFFICIENTNET_SCALES:
            return EFFICIENTNET_SCALES[size]
        try:
            width, depth = (float(part) for part in size.split("x"))
        except ValueError as error:
            raise BadInputError(
                f"EfficientNet size {size!r}, known: {', '.join(EFFICIENTNET_SCALES)} or WIDTHxDEPTH"
            ) from error
        return width, depth

    def blocks(self) -> list[nn.Module]:
        """Stem, then every block."""
        return [self.embeddings, *self.encoder.blocks]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16, S/32 and the top at S/32."""
        features, maps = self.embeddings(image), []
        for number, block in enumerate(self.encoder.blocks):
            features = block(features)
            if number in self.ends:
                maps.append(features)
        return [*maps, self.top(features)]


class MobileNetV2Backbone(Backbone):
    """MobileNetV2 up to and with its last 1x1 convolution."""

    def __init__(self, width: float = 1.0, hidden_act: str = "relu6") -> None:
        """`width` multiplies every channel count but the top's, which stays 1280 below 1."""
        from transformers import MobileNetV2Config, MobileNetV2Model

        super().__init__()
        # Padding that follows the image's size is TensorFlow's; a fixed one exports as one operator.
        config = MobileNetV2Config(depth_multiplier=width, hidden_act=hidden_act, tf_padding=False)
        network: Any = MobileNetV2Model(config, add_pooling_layer=False)
        self.stem, self.layers, self.top = network.conv_stem, network.layer, network.conv_1x1
        _prepare(self)
        convolutions = [layer.conv_3x3.convolution for layer in self.layers]
        halved = [number for number, layer in enumerate(convolutions) if layer.stride[0] == 2]
        self.ends = [number - 1 for number in halved[1:]] + [len(self.layers) - 1]
        self.widths = [self.layers[end].reduce_1x1.convolution.out_channels for end in self.ends]
        self.widths.append(self.top.convolution.out_channels)

    def blocks(self) -> list[nn.Module]:
        """Stem, then every inverted residual."""
        return [self.stem, *self.layers]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16, S/32 and the top at S/32."""
        features, maps = self.stem(image), []
        for number, layer in enumerate(self.layers):
            features = layer(features)
            if number in self.ends:
                maps.append(features)
        return [*maps, self.top(features)]


def _unfold(layer: Any, features: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """(B, C, H, W) to (B, C, side^2, patches) by reshaping: im2col has no form in TFLite."""
    side = layer.patch_height
    batch, channels, height, width = features.shape
    cut = features.reshape(batch, channels, height // side, side, width // side, side)
    return cut.permute(0, 1, 3, 5, 2, 4).reshape(batch, channels, side * side, -1), (height, width)


def _fold(layer: Any, patches: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """The inverse of `_unfold`."""
    side = layer.patch_height
    batch, channels = patches.shape[:2]
    height, width = size_hw
    cut = patches.reshape(batch, channels, side, side, height // side, width // side)
    return cut.permute(0, 1, 4, 2, 5, 3).reshape(batch, channels, height, width)


def _attend(attention: Any, features: Tensor) -> Tensor:
    """Separable self-attention on (B, C, P, N), N patches: the library's, but sliced where that splits.

        out = W_o (relu(value) sum_n key_n softmax(query)_n)

    A split has no way down to the operator set that the conversion to TFLite reads.
    """
    joined, width = attention.qkv_proj(features), attention.embed_dim
    query, key, value = joined[:, :1], joined[:, 1 : 1 + width], joined[:, 1 + width :]
    context = (key * attention.attn_dropout(query.softmax(-1))).sum(-1, keepdim=True)
    return attention.out_proj(functional.relu(value) * context)


class MobileViTV2Backbone(Backbone):
    """MobileViT-v2: inverted residuals, then separable self-attention from S/8 on."""

    def __init__(self, width: float = 0.5, hidden_act: str = "swish", *, last_stride: int = 2) -> None:
        """`width` multiplies every channel count; with a `last_stride` of 1 the last maps have S/16."""
        from transformers import MobileViTV2Config, MobileViTV2Model

        super().__init__()
        config = MobileViTV2Config(width_multiplier=width, hidden_act=hidden_act)
        network: Any = MobileViTV2Model(config, expand_output=False)
        self.stem, self.layers = network.conv_stem, network.encoder.layer
        self.layers[-1].downsampling_layer.conv_3x3.convolution.stride = (last_stride, last_stride)
        self.stride = 16 * last_stride
        for layer in self.layers[2:]:
            layer.unfolding = partial(_unfold, layer)
            layer.folding = partial(_fold, layer)
            for block in layer.transformer.layer:
                block.attention.forward = partial(_attend, block.attention)
        _prepare(self)
        self.widths = [self.layers[1].layer[-1].reduce_1x1.convolution.out_channels]
        self.widths += [layer.conv_projection.convolution.out_channels for layer in self.layers[2:]]
        # It has no wider top.
        self.widths.append(self.widths[-1])

    def blocks(self) -> list[nn.Module]:
        """Stem, then every layer."""
        return [self.stem, *self.layers]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16 and `stride`, the last twice."""
        features = self.layers[0](self.stem(image))
        maps = []
        for layer in self.layers[1:]:
            features = layer(features)
            maps.append(features)
        return [*maps, features]


def _as_map(tokens: Tensor, side: int) -> Tensor:
    """(B, side^2, C) to (B, C, side, side)."""
    return tokens.transpose(1, 2).unflatten(2, (side, side))


def _merge(merging: Any, features: Tensor, stride: int) -> tuple[Tensor, int]:
    """(B, C, H, H) to tokens (B, N, 2 C) and the side of their map: the library's merging of 2x2 patches.

    At stride 1 the last row and column are merged with themselves.
    """
    side = features.shape[2] // stride
    wide = functional.pad(features, (0, 1, 0, 1), mode="replicate")
    # The library's order: down before right.
    corners = [
        wide[:, :, down : down + features.shape[2] : stride, right : right + features.shape[3] : stride]
        for right in (0, 1)
        for down in (0, 1)
    ]
    tokens = torch.cat(corners, dim=1).flatten(2).transpose(1, 2)
    return merging.norm(merging.reduction(tokens)), side


class SwinV2Backbone(Backbone):
    """SwinV2 (Liu et al., CVPR 2022): attention in shifted windows; a teacher, never deployed."""

    def __init__(
        self,
        input_side: int,
        embed: int = 128,
        depths: Sequence[int] = (2, 2, 18, 2),
        heads: Sequence[int] = (4, 8, 16, 32),
        *,
        window: int = 16,
        pretrained_windows: Sequence[int] = (12, 12, 12, 6),
        last_stride: int = 2,
    ) -> None:
        """SwinV2-B by default; a window larger than a stage's map is as large as the map.

        With a `last_stride` of 1 the last stage sees the map of S/16: 2x2 patches that overlap are merged.
        """
        from transformers import Swinv2Config, Swinv2Model

        super().__init__()
        config = Swinv2Config(
            image_size=input_side,
            embed_dim=embed,
            depths=list(depths),
            num_heads=list(heads),
            window_size=window,
            pretrained_window_sizes=list(pretrained_windows),
        )
        self.network = Swinv2Model(config, add_pooling_layer=False)
        if last_stride == 1:
            config.image_size = 2 * input_side
            stages = self.network.encoder.layers
            stages[-1] = Swinv2Model(config, add_pooling_layer=False).encoder.layers[-1]
        self.last_stride, self.stride = last_stride, 16 * last_stride
        _begin_as_identity(self.network)
        deepest = [embed * 2**number for number in range(len(depths))]
        self.widths = [*deepest, deepest[-1]]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16 and `stride`, and the last normalised."""
        network: Any = self.network
        tokens, (side, _) = network.embeddings(image)
        stages = network.encoder.layers
        strides = [2] * (len(stages) - 2) + [self.last_stride]
        # Each map is what a stage begins with, after merging: the first is the embedding at S/4.
        maps = [_as_map(tokens, side)]
        for number, stage in enumerate(stages):
            for block in stage.blocks:
                tokens = block(tokens, (side, side))[0]
            if stage.downsample is not None:
                tokens, side = _merge(stage.downsample, _as_map(tokens, side), strides[number])
                maps.append(_as_map(tokens, side))
        return [*maps, _as_map(network.layernorm(tokens), side)]


class PlainBackbone(Backbone):
    """Ordinary 3x3 convolutions, BatchNorm and ReLU: the trunk of every Edge-friendly student.

    No depthwise convolution either: NPUs leave most of their multipliers idle on it, and so do
    training's kernels on a CPU.
    """

    def __init__(
        self,
        stem: int = 16,
        widths: Sequence[int] = (24, 48, 96, 128),
        depths: Sequence[int] = (1, 1, 2, 2),
        top: int = 256,
    ) -> None:
        """Build it.

        Args:
            stem: channels at S/2.
            widths: channels at S/4, S/8, S/16, S/32.
            depths: residual blocks at the same places.
            top: channels of the last 1x1 convolution.
        """
        super().__init__()
        self.stem = ConvUnit(3, stem, stride=2)
        places = [stem, *widths]
        self.stages = nn.ModuleList(
            nn.Sequential(ConvUnit(before, after, stride=2), *(Residual(after, after) for _ in range(depth)))
            for before, after, depth in zip(places, widths, depths, strict=False)
        )
        self.top = ConvUnit(widths[-1], top, kernel=1)
        self.widths = [*widths, top]

    def blocks(self) -> list[nn.Module]:
        """Stem, then every stage."""
        return [self.stem, *self.stages]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16, S/32 and the top at S/32."""
        features, maps = self.stem(image), []
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        return [*maps, self.top(features)]


BACKBONES: dict[str, Callable[..., Backbone]] = {
    "efficientnet": EfficientNetBackbone,
    "efficientnet_lite": EfficientNetLite,
    "mobilenet_v2": MobileNetV2Backbone,
    "mobilevit_v2": MobileViTV2Backbone,
    "swin_v2": SwinV2Backbone,
    "plain": PlainBackbone,
}
"""Every backbone a run file may name."""


def build_backbone(name: str, input_side: int, arguments: dict[str, object]) -> Backbone:
    """A backbone with random weights.

    Raises:
        BadInputError: an unknown name or argument.
    """
    kind = BACKBONES.get(name)
    if kind is None:
        raise BadInputError(f"backbone {name!r} is unknown, known: {', '.join(BACKBONES)}")
    if (stride := arguments.get("last_stride", 2)) not in (1, 2):
        raise BadInputError(f"last_stride is {stride!r}, wanted 2 as published, or 1 for a last map of S/16")
    # Attention over windows is built for one input size; convolutions take any.
    sized = {"input_side": input_side} if kind is SwinV2Backbone else {}
    try:
        return kind(**sized, **arguments)
    except TypeError as error:
        raise BadInputError(f"backbone {name}: {error}; see training/models/backbones.py") from error
