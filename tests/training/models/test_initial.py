"""Weights that someone else has trained, taken as far as they fit."""

import pytest
import torch
from safetensors.torch import save_file

from device.contract.errors import BadInputError
from training.models.coordinate_net import CoordinateNet
from training.models.initial import load_initial, read_state

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
