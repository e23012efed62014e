import pytest
import torch

from training.models.growth import grow
from training.models.landmark_student import LandmarkStudent
from training.models.pruning import prune

LARGE = {"stem": 6, "widths": [8, 8, 12, 16], "depths": [1, 1, 2, 3], "decoder": [8, 6, 8], "context": 6}
SMALL = {"stem": 4, "widths": [4, 8, 8, 12], "depths": [0, 1, 1, 2], "decoder": [6, 4]}


def network(**changes):
    torch.manual_seed(0)
    return LandmarkStudent(5, **{**LARGE, **changes}).eval()


def test_a_network_of_the_same_size_keeps_every_weight():
    large = network()
    kept = prune(large, network())
    assert kept.keys() == large.state_dict().keys()
    assert all(torch.equal(value, kept[name]) for name, value in large.state_dict().items())


def test_what_is_left_has_the_shapes_of_the_smaller_network():
    small = LandmarkStudent(5, **SMALL)
    kept = prune(network(), small)
    assert {name: value.shape for name, value in kept.items()} == {
        name: value.shape for name, value in small.state_dict().items() if name in kept
    }
    assert set(small.state_dict()) - set(kept) == {"heatmap.weight"}


@pytest.mark.parametrize(
    ("change", "norm"),
    [
        ({"inner": [4, 4, 6, 8]}, "stages.2.1.first.1"),
        ({"stem": 3}, "stem.1"),
        ({"decoder": [8, 6, 4]}, "merges.2.mix.1"),
    ],
)
def test_channels_that_nothing_moves_go_first_and_change_nothing(change, norm):
    """Half of the channels are silent: what is left computes what the whole network did."""
    large, small = network(), network(**change)
    for unit in _norms_of_shape(large, small):
        with torch.no_grad():
            unit.weight[1::2] = 0
            unit.bias[1::2] = 0
    assert large.get_submodule(norm).weight[1::2].abs().max() == 0
    grow(prune(large, small), small)
    image = torch.randn(2, 3, 64, 64)
    for told, wanted in zip(small.eval()(image), large(image), strict=True):
        torch.testing.assert_close(told, wanted, rtol=1e-4, atol=1e-5)


def _norms_of_shape(large, small):
    """BatchNorms of `large` that are narrower in `small`."""
    narrow = dict(small.named_modules())
    for name, module in large.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d) and narrow[name].weight.shape != module.weight.shape:
            yield module


def test_a_residual_stream_keeps_the_same_channels_everywhere():
    large, small = network(), network(widths=[8, 8, 12, 8], inner=[8, 8, 12, 16])
    with torch.no_grad():
        for name, value in large.named_parameters():
            # Gains of the stream at S/32: only the odd channels are alive.
            if name.endswith(".1.weight") and value.shape[0] == 16 and "first" not in name:
                value[::2] = 0
    kept = prune(large, small)
    own = large.state_dict()
    assert torch.equal(kept["stages.3.0.0.weight"], own["stages.3.0.0.weight"][1::2])
    assert torch.equal(kept["presence.weight"], own["presence.weight"][:, 1::2])
    assert torch.equal(kept["merges.0.narrow.0.weight"], own["merges.0.narrow.0.weight"][:, 1::2])


def test_a_larger_network_is_no_reason_to_cut():
    small = network(widths=[4, 6, 8, 8], decoder=[6, 6, 4], depths=[0, 1, 1, 1], stem=4, context=0)
    kept = prune(small, network())
    assert all(torch.equal(value, kept[name]) for name, value in small.state_dict().items())
