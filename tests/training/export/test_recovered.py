"""A run made of a shipped file's layers: the same network, and BatchNorm that learns on."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from convert.tflite.weights import write_float_weights
from device.contract.errors import BadInputError
from device.contract.provenance import FREE, Source, merged
from device.inference.network import LandmarkNetwork
from tests.training.engine.test_loop import tiny_settings
from training.data.crops import to_tensor
from training.data.settings import DataSettings
from training.engine.checkpoint import UNRECORDED, load_network
from training.engine.run_file import read_run
from training.engine.run_log import last_row
from training.export.recovered import (
    make_identity,
    read_layers,
    recover_run,
    sources_with,
    take_layers,
    weighted_modules,
    with_learnt_labels,
)
from training.models import ModelSettings, build_model

ARGUMENTS = {"stem": 4, "widths": [6, 8, 10, 12], "depths": [1, 1, 1, 1], "decoder": [8, 8, 8], "context": 6}
STUDENT = ModelSettings("landmark_student", 64, ARGUMENTS)


def trained_network():
    """A network whose BatchNorms have statistics of their own."""
    torch.manual_seed(0)
    network = build_model(STUDENT, 68)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return network.eval()


def folded_layers(network, side=64):
    """What conversion makes of it: each BatchNorm within the convolution before it."""
    met = weighted_modules(network, torch.zeros(1, 3, side, side))
    layers = []
    for module, after in zip(met, [*met[1:], None], strict=True):
        if isinstance(module, nn.BatchNorm2d):
            continue
        normed = isinstance(after, nn.BatchNorm2d)
        whole = nn.utils.fuse_conv_bn_eval(module, after) if normed else module
        layers.append((whole.weight.detach(), whole.bias.detach()))
    return layers


def test_folded_layers_give_the_network_back_and_its_norms_are_those_of_the_batch():
    network, image = trained_network(), torch.randn(8, 3, 64, 64)
    recovered = build_model(STUDENT, 68)
    norms = take_layers(recovered, folded_layers(network), (64, 64))
    make_identity(recovered, norms, image)
    with torch.no_grad():
        for got, wanted in zip(recovered(image), network(image), strict=True):
            assert torch.allclose(got, wanted, rtol=1e-3, atol=1e-3)
        # In training a batch's own statistics take over: on these pictures they are the same.
        learning = copy.deepcopy(recovered).train()
        for got, wanted in zip(learning(image), recovered(image), strict=True):
            assert torch.allclose(got, wanted, rtol=1e-2, atol=1e-2)


def test_layers_in_another_order_of_branches_find_their_place():
    network, layers = trained_network(), folded_layers(trained_network())
    recovered = build_model(STUDENT, 68)
    shapes = {}
    for weight, bias in layers:
        shapes.setdefault(tuple(weight.shape), []).append((weight, bias))
    regrouped = [layer for kind in reversed(shapes.values()) for layer in kind]
    image = torch.randn(2, 3, 64, 64)
    make_identity(recovered, take_layers(recovered, regrouped, (64, 64)), image)
    with torch.no_grad():
        assert torch.allclose(recovered(image)[0], network(image)[0], rtol=1e-3, atol=1e-3)


def test_layers_of_another_network_are_refused():
    layers = folded_layers(trained_network())
    with pytest.raises(BadInputError, match="no layer of shape"):
        take_layers(build_model(STUDENT, 68), layers[:-1], (64, 64))
    with pytest.raises(BadInputError, match="1 layers more"):
        take_layers(build_model(STUDENT, 68), [*layers, layers[0]], (64, 64))


def test_the_shipped_tiny_says_what_its_file_says(root, tmp_path):
    file = root / "device" / "models" / "tiny" / "student.tflite"
    assert write_float_weights(file, tmp_path / "tiny.npz") > 20
    settings = read_run(root / "training" / "configs" / "landmark_student" / "tiny-swift.toml")
    network, side = build_model(settings.model, 68), settings.model.input_side
    crops = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), np.uint8)
    make_identity(
        network,
        take_layers(network, read_layers(tmp_path / "tiny.npz"), (side, side)),
        to_tensor(crops, torch.device("cpu")),
    )
    device = LandmarkNetwork(file)
    device.infer(crops[0])
    presence = device.decode().presence
    with torch.no_grad():
        _, logit = network(to_tensor(crops[:1], torch.device("cpu")))
    assert float(torch.sigmoid(logit)) == pytest.approx(presence, abs=0.05)


def test_a_recovered_run_is_a_finished_one(tmp_path):
    drawn = DataSettings(kind="synthetic", faces=4)
    settings = dataclasses.replace(tiny_settings(), data=drawn)
    side = settings.model.input_side
    network = build_model(settings.model, 68).eval()
    named = {
        f"{number:03}.{kind}": values.numpy()
        for number, layer in enumerate(folded_layers(network, side))
        for kind, values in zip(("weight", "bias"), layer, strict=True)
    }
    np.savez(tmp_path / "layers.npz", **named)
    figures = recover_run(settings, tmp_path / "layers.npz", None, tmp_path)
    recovered, read = load_network(tmp_path / settings.name / "network.pt")
    assert read == settings
    assert last_row(tmp_path / settings.name, "nme_synthetic")["nme_synthetic"] == figures["synthetic"]
    image = torch.randn(1, 3, side, side)
    with torch.no_grad():
        assert torch.allclose(recovered(image)[0], network(image)[0], rtol=1e-3, atol=1e-3)
    with pytest.raises(BadInputError, match="is there already"):
        recover_run(settings, tmp_path / "layers.npz", None, tmp_path)


def test_a_recovered_run_keeps_the_models_sources_and_stays_unknown_without_them():
    heads, faces = (Source(name, FREE[name], "0", "training") for name in ("VALID avatars", "FairFace"))
    assert sources_with([heads], [heads, faces]) == merged([heads, faces])
    assert sources_with([], [faces]) == (UNRECORDED,)


def test_faces_that_only_a_teacher_labelled_need_not_be_there(root):
    settings = read_run(root / "training" / "configs" / "landmark_student" / "small-bent.toml")
    assert "fairface" in settings.data.taught_only
    assert with_learnt_labels(settings).data.sets == ("300w", "youtube_faces", "rendered")


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "notes.npz").write_text("no archive")
    with pytest.raises(BadInputError, match=r"python -m convert weights"):
        read_layers(tmp_path / "notes.npz")
