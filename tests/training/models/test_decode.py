"""Training reads maps as the device does."""

import numpy as np
import pytest
import torch

from device.contract import codec
from training.losses.heatmap import expectation
from training.models import decode

SIDE, CELLS, STRIDE = 64, 16, 4.0


@pytest.fixture
def maps():
    return torch.randn(1, 5, CELLS, CELLS, generator=torch.Generator().manual_seed(0)) * 3


@pytest.mark.parametrize("name", ["softmax_expectation", "relu_expectation"])
def test_maps_say_the_same_in_training_and_on_the_device(maps, name):
    got = decode.landmarks_of(name, maps, SIDE)[0].numpy()
    raw = np.ascontiguousarray(maps[0].permute(1, 2, 0).numpy())
    weights = codec.map_weights(name, raw, None)
    wanted, _ = codec.HeatmapCodec((CELLS, CELLS), STRIDE).decode(weights)
    np.testing.assert_allclose(got, wanted, atol=2e-4)


def test_coordinates_say_the_same_and_come_back():
    landmarks = torch.tensor([[[0.0, 63.0], [31.5, 31.5], [-4.25, 70.0]]])
    coordinates = decode.pixels_to_coordinates(landmarks, SIDE)
    assert coordinates[0, 2:4].tolist() == [0.0, 0.0]  # the middle of the crop
    torch.testing.assert_close(decode.coordinates_to_pixels(coordinates, SIDE), landmarks)
    told = codec.decode_coordinates(coordinates[0].numpy(), (SIDE, SIDE))
    np.testing.assert_allclose(told, landmarks[0], atol=1e-4)


def test_an_empty_map_means_its_middle_and_has_a_gradient():
    empty = torch.zeros(1, 1, CELLS, CELLS, requires_grad=True)
    found = decode.mass_expectation(empty, STRIDE)
    assert found.flatten().tolist() == pytest.approx([31.5, 31.5])
    found.sum().backward()
    assert torch.isfinite(empty.grad).all()


def test_one_cell_is_its_own_middle():
    maps = torch.full((1, 1, CELLS, CELLS), -30.0)
    maps[0, 0, 3, 9] = 30.0
    # Column 9 covers pixels 36 to 39, row 3 pixels 12 to 15.
    assert expectation(maps, STRIDE).flatten().tolist() == pytest.approx([37.5, 13.5], abs=1e-4)
    assert decode.mass_expectation(maps, STRIDE).flatten().tolist() == pytest.approx([37.5, 13.5], abs=1e-2)
