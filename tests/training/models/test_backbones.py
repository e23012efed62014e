import pytest
import torch

from device.contract.errors import BadInputError
from training.models.backbones import build_backbone

SMALL_SWIN = {
    "embed": 16,
    "depths": [1, 1, 1, 1],
    "heads": [1, 2, 4, 8],
    "window": 8,
    "pretrained_windows": [0, 0, 0, 0],
}
EVERY = [
    ("efficientnet", {"size": "0.3x0.3"}),
    ("efficientnet", {"size": "0.3x0.3", "hidden_act": "relu", "squeeze_excite": False}),
    ("efficientnet_lite", {"size": "lite0"}),
    ("mobilenet_v2", {"width": 0.25}),
    ("mobilevit_v2", {"width": 0.5}),
    ("plain", {}),
    ("swin_v2", SMALL_SWIN),
]
FINER = [
    ("efficientnet", {"size": "0.3x0.3"}),
    ("efficientnet_lite", {"size": "lite1"}),
    ("mobilevit_v2", {"width": 0.5}),
    ("swin_v2", SMALL_SWIN),
]
"""Those that can leave out the last halving."""


@pytest.mark.parametrize(("name", "arguments"), EVERY)
def test_every_backbone_gives_maps_of_its_stated_widths_at_a_quarter_to_a_thirty_second(name, arguments):
    backbone = build_backbone(name, 64, arguments)
    with torch.no_grad():
        maps = backbone(torch.randn(2, 3, 64, 64))
    assert [found.shape[1] for found in maps] == list(backbone.widths)
    assert [found.shape[2] for found in maps] == [16, 8, 4, 2, 2]


@pytest.mark.parametrize(("name", "arguments"), FINER)
def test_without_the_last_halving_the_same_weights_give_a_last_map_twice_as_fine(name, arguments):
    halved = build_backbone(name, 64, arguments)
    kept = build_backbone(name, 64, {**arguments, "last_stride": 1})
    kept.load_state_dict(halved.state_dict())
    with torch.no_grad():
        maps = kept.eval()(torch.randn(2, 3, 64, 64))
    assert [found.shape[2] for found in maps] == [16, 8, 4, 4, 4]
    assert (halved.stride, kept.stride) == (32, 16)


def test_another_last_stride_is_refused():
    with pytest.raises(BadInputError, match="last_stride is 4, wanted 2 as published, or 1"):
        build_backbone("mobilevit_v2", 64, {"last_stride": 4})


def test_swins_maps_are_the_librarys():
    torch.manual_seed(0)
    backbone = build_backbone("swin_v2", 64, SMALL_SWIN).eval()
    for weight in backbone.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        ours, theirs = backbone(image), backbone.network(image, output_hidden_states=True)
    for found, wanted in zip(ours[:4], theirs.reshaped_hidden_states, strict=False):
        torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(ours[4].flatten(2).transpose(1, 2), theirs.last_hidden_state)


@pytest.mark.parametrize(("name", "arguments"), EVERY)
def test_a_fresh_backbone_lets_the_picture_through(name, arguments):
    torch.manual_seed(0)
    backbone = build_backbone(name, 64, arguments).train()
    with torch.no_grad():
        top = backbone(torch.randn(8, 3, 64, 64))[-1]
    # Different pictures must be told apart: gains near zero would make all of them alike.
    assert top.std(0).mean() > 0.02


def test_a_fresh_swins_branches_add_nothing_and_learn_to():
    torch.manual_seed(0)
    backbone = build_backbone("swin_v2", 64, SMALL_SWIN).train()
    block = backbone.network.encoder.layers[0].blocks[0]
    passed = {}
    block.register_forward_hook(lambda _, taken, given: passed.update(taken=taken[0], given=given[0]))
    backbone(torch.randn(2, 3, 64, 64))[-1].square().mean().backward()
    assert torch.equal(passed["taken"], passed["given"])
    assert block.layernorm_after.weight.grad.abs().min() > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side", "arguments", "millions"),
    [
        # Parameters without the classifier, as the papers' and the library's own models have them.
        ("efficientnet", 224, {"size": "b0"}, 4.008),
        ("efficientnet", 224, {"size": "b3"}, 10.696),
        ("efficientnet", 224, {"size": "b7"}, 63.787),
        ("mobilenet_v2", 224, {}, 2.224),
        ("mobilevit_v2", 256, {"width": 0.5}, 1.114),
        ("swin_v2", 256, {}, 86.894),
    ],
)
def test_the_published_sizes_have_their_published_weights(name, side, arguments, millions):
    backbone = build_backbone(name, side, arguments)
    assert sum(weight.numel() for weight in backbone.parameters()) / 1e6 == pytest.approx(millions, abs=1e-3)


def test_an_unknown_backbone_or_argument_is_named():
    with pytest.raises(BadInputError, match=r"'resnet' is unknown, known: efficientnet"):
        build_backbone("resnet", 64, {})
    with pytest.raises(BadInputError, match=r"backbone plain: .*depth"):
        build_backbone("plain", 64, {"depth": 3})
    with pytest.raises(BadInputError, match="EfficientNet size 'b9'"):
        build_backbone("efficientnet", 64, {"size": "b9"})


def test_the_attention_written_for_conversion_is_the_librarys():
    torch.manual_seed(0)
    attention = build_backbone("mobilevit_v2", 64, {"width": 0.5}).layers[2].transformer.layer[0].attention
    features = torch.randn(2, attention.embed_dim, 4, 16)
    with torch.no_grad():
        torch.testing.assert_close(attention(features), type(attention).forward(attention, features))
