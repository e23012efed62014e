import pytest
import torch

from device.contract.errors import BadInputError
from training.models.growth import grow
from training.models.landmark_student import LandmarkStudent

SMALL = {"stem": 4, "widths": [4, 6, 8, 8], "depths": [0, 1, 1, 1], "decoder": [6, 6, 4]}
LARGE = {
    "stem": 6,
    "widths": [8, 8, 12, 16],
    "depths": [1, 1, 2, 3],
    "decoder": [8, 6, 8],
    "context": 6,
}


def lively(network):
    """Statistics and gains that differ from a fresh network's, so that a lost one shows."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


def test_a_grown_network_answers_as_the_small_one():
    torch.manual_seed(0)
    small = lively(LandmarkStudent(5, **SMALL))
    large = grow(small.state_dict(), LandmarkStudent(5, **LARGE)).eval()
    image = torch.randn(2, 3, 64, 64)
    for told, wanted in zip(large(image), small(image), strict=True):
        torch.testing.assert_close(told, wanted, rtol=1e-4, atol=1e-5)


def test_every_new_weight_of_a_grown_network_learns():
    torch.manual_seed(0)
    large = grow(lively(LandmarkStudent(5, **SMALL)).state_dict(), LandmarkStudent(5, **LARGE)).train()
    optimiser = torch.optim.SGD(large.parameters(), lr=0.1)
    before = {name: value.clone() for name, value in large.named_parameters()}
    # The first step wakes the silent gains, the second what lies before them.
    for _ in range(2):
        heatmap, presence = large(torch.randn(4, 3, 64, 64))
        optimiser.zero_grad()
        (heatmap.square().mean() + presence.square().mean()).backward()
        optimiser.step()
    still = [name for name, value in large.named_parameters() if torch.equal(value, before[name])]
    assert still == []


def test_a_network_of_the_same_size_is_taken_over_whole():
    small = lively(LandmarkStudent(5, **SMALL))
    twin = grow(small.state_dict(), LandmarkStudent(5, **SMALL))
    assert all(torch.equal(value, twin.state_dict()[name]) for name, value in small.state_dict().items())


def test_a_network_cannot_shrink():
    with pytest.raises(BadInputError, match="start from a smaller one"):
        grow(LandmarkStudent(5, **LARGE).state_dict(), LandmarkStudent(5, **SMALL))
