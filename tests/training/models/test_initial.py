"""Weights that someone else has trained, taken as far as they fit."""

import pytest
import torch
from safetensors.torch import save_file

from device.contract.errors import BadInputError
from tests.training.models import published_names as names
from training.models.backbones import build_backbone
from training.models.coordinate_net import CoordinateNet
from training.models.initial import load_initial, read_state, translated

BACKBONE = {"width": 0.25}


def network():
    return CoordinateNet(68, 64, "mobilenet_v2", BACKBONE)


@pytest.mark.parametrize("form", ["plain", "state_dict", "safetensors"])
def test_a_backbones_weights_are_taken_whatever_their_prefix(tmp_path, form):
    torch.manual_seed(1)
    given = {f"model.{name}": value for name, value in network().backbone.state_dict().items()}
    path = tmp_path / ("a.safetensors" if form == "safetensors" else "a.pt")
    if form == "safetensors":
        save_file({name: value.contiguous() for name, value in given.items()}, path)
    else:
        torch.save(given if form == "plain" else {"state_dict": given}, path)
    torch.manual_seed(2)
    model = network()
    head = model.coordinates.weight.clone()
    load_initial(model, path)
    own = model.backbone.state_dict()
    assert all(torch.equal(own[name.removeprefix("model.")], value) for name, value in given.items())
    assert torch.equal(model.coordinates.weight, head)


def test_how_many_tensors_were_taken_is_said(tmp_path, caplog):
    state = network().state_dict()
    state["coordinates.weight"] = torch.zeros(3, 3)  # of another number of landmarks
    torch.save(state, tmp_path / "a.pt")
    load_initial(network(), tmp_path / "a.pt")
    assert f"{len(state) - 1} of the network's {len(state)} tensors taken" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"nothing", "cannot be read"),
        ({"weights": 3}, "no state dict"),
        ({"other": torch.zeros(2)}, "none of its 1 tensors fits CoordinateNet"),
    ],
)
def test_a_file_without_fitting_weights_is_named(tmp_path, content, message):
    path = tmp_path / "a.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(BadInputError, match=message):
        load_initial(network(), path)


def test_a_damaged_safetensors_file_is_named(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    with pytest.raises(BadInputError, match="cannot be read"):
        read_state(tmp_path / "a.safetensors")


DEPTHS, HEADS = (2, 2, 6, 2), (3, 6, 12, 24)
SWIN = {
    "embed": 96,
    "depths": (2, 2, 6, 2),
    "heads": (3, 6, 12, 24),
    "window": 8,
    "pretrained_windows": (0,) * 4,
}
PUBLISHED = {
    "timm efficientnet_b0": (
        "efficientnet",
        {"size": "b0"},
        names.timm_mobile(names.EFFICIENT_B0, squeeze=True),
    ),
    "timm efficientnet_lite0": ("efficientnet_lite", {}, names.timm_mobile(names.EFFICIENT_B0)),
    "timm mobilenetv2_100": ("mobilenet_v2", {}, names.timm_mobile(names.MOBILE_V2)),
    "timm swinv2_tiny": ("swin_v2", SWIN, names.timm_swin(96, DEPTHS, HEADS)),
    "torchvision efficientnet_b0": (
        "efficientnet",
        {"size": "b0"},
        names.torchvision_efficientnet(names.EFFICIENT_B0),
    ),
    "torchvision mobilenet_v2": ("mobilenet_v2", {}, names.torchvision_mobilenet(names.MOBILE_V2)),
}


@pytest.mark.parametrize("key", PUBLISHED)
def test_a_published_state_dict_fills_every_tensor_of_its_backbone(key):
    name, arguments, shapes = PUBLISHED[key]
    backbone = build_backbone(name, 256, arguments)
    given = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    own, taken = backbone.state_dict(), translated(backbone, given)
    assert set(own) == set(taken) & set(own)
    assert all(taken[name].shape == value.shape for name, value in own.items())


EFFICIENT = {"width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280}


@pytest.mark.parametrize(
    ("library", "settings", "name", "arguments"),
    [
        ("EfficientNet", EFFICIENT, "efficientnet", {"size": "b0"}),
        ("MobileNetV2", {}, "mobilenet_v2", {}),
        ("MobileViTV2", {}, "mobilevit_v2", {"width": 1.0}),
    ],
)
def test_what_transformers_saves_fills_our_backbones(library, settings, name, arguments):
    import transformers

    config = getattr(transformers, f"{library}Config")(**settings)
    backbone = build_backbone(name, 256, arguments)
    taken = translated(backbone, getattr(transformers, f"{library}Model")(config).state_dict())
    assert all(taken[key].shape == value.shape for key, value in backbone.state_dict().items())


def test_torchvisions_network_answers_the_same_to_our_input():
    """The stem alone: RGB over ImageNet's mean and deviation there, BGR about 128 here."""
    torch.manual_seed(0)
    shapes = names.torchvision_mobilenet(names.MOBILE_V2)
    state = {name: torch.rand(shape) + 0.5 for name, shape in shapes.items()}
    backbone = build_backbone("mobilenet_v2", 64, {}).eval()
    backbone.load_state_dict(
        {k: v for k, v in translated(backbone, state).items() if k in backbone.state_dict()}
    )
    bgr = torch.randint(0, 256, (1, 3, 64, 64)).float()
    mean, deviation = (
        torch.tensor(of)[:, None, None] for of in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    theirs = (bgr.flip(1) / 255 - mean) / deviation
    wanted = torch.nn.functional.conv2d(theirs, state["features.0.0.weight"], stride=2, padding=1)
    norm = [state[f"features.0.1.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
    wanted = torch.nn.functional.batch_norm(wanted, *norm, eps=0.001)
    with torch.no_grad():
        stem = backbone.stem.first_conv
        found = stem.normalization(stem.convolution((bgr - 128) / 128))
    # The border is padded with another grey.
    assert torch.allclose(found[:, :, 1:-1, 1:-1], wanted[:, :, 1:-1, 1:-1], atol=1e-3)
