"""Quantisation-aware training against the definition of affine rounding, and its effect on a tiny network."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from training.engine.fake_int8 import FakeInt8, learn_in_int8, rounded


def test_a_tensor_has_256_values_zero_among_them_and_its_gradient_is_untouched():
    values = torch.linspace(-1.3, 4.1, 4001, requires_grad=True)
    found = rounded(values)
    step = 5.4 / 255
    assert len(found.detach().unique()) == 256
    assert 0.0 in found.detach().tolist()
    # The ends lie half a step beside the grid, which is shifted so that 0 lies on it.
    assert (found - values).abs().max() <= step + 1e-6
    assert (found - values)[100:-100].abs().max() <= step / 2 + 1e-6
    found.sum().backward()
    assert (values.grad == 1).float().mean() > 0.99


def test_what_a_convolution_reads_is_rounded_and_what_batchnorm_and_relu_read_is_not():
    torch.manual_seed(0)
    norm, image = nn.BatchNorm2d(4).eval().requires_grad_(False), torch.randn(2, 4, 6, 6)
    weight = nn.Parameter(torch.randn(3, 4, 1, 1), requires_grad=False)
    plain = functional.relu(norm(image))
    with FakeInt8():
        made = functional.relu(norm(image))
        found = functional.conv2d(made, weight)
        summed = image + made
    assert made.equal(plain)
    # By the formula of an affine int8 tensor.
    steps = made.numpy().max() / 255
    wanted = functional.conv2d(torch.from_numpy(np.round(made.numpy() / steps) * steps), weight)
    assert torch.allclose(found, wanted, atol=1e-5)
    assert not found.equal(functional.conv2d(made, weight))
    assert torch.allclose(summed, rounded(image) + rounded(made))


class Tail(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(), nn.Conv2d(8, 1, 1))

    def forward(self, image):
        return self.body(image)


def test_a_network_rounds_in_training_and_not_in_evaluation():
    torch.manual_seed(0)
    model, twin = Tail(), Tail()
    twin.load_state_dict(model.state_dict())
    learn_in_int8(model)
    image = torch.randn(4, 1, 8, 8)
    assert not model.train()(image).equal(twin(image))
    assert model.eval()(image).equal(twin(image))
    # An error inside leaves nothing rounded behind.
    with pytest.raises(RuntimeError):
        model.train()(torch.randn(4, 3, 8, 8))
    assert functional.conv2d(image, twin.body[0].weight).equal(torch.conv2d(image, twin.body[0].weight))
    assert model.eval()(image).equal(twin(image))


def test_what_rounding_takes_away_is_not_learnt_from():
    """A loud channel and a quiet one in one tensor: int8 has no step left for the quiet one."""
    quiet = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    loud = quiet + 0.05 * torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))

    def gradient(*, quantised):
        model = nn.Sequential(nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Conv2d(2, 1, 1, bias=False)))
        with torch.no_grad():
            model[0][0].weight.copy_(torch.tensor([[100.0, 0.0], [0.0, 0.1]])[:, :, None, None])
            model[0][0].bias.zero_()
            # In float the quiet channel is the answer itself.
            model[0][2].weight.copy_(torch.tensor([[0.0, 10.0]])[:, :, None, None])
        if quantised:
            learn_in_int8(model)
        (model(torch.cat([loud, quiet], 1)) - quiet).square().mean().backward()
        return model[0][2].weight.grad.flatten().tolist()

    assert gradient(quantised=False) == pytest.approx([0, 0], abs=1e-5)
    of_loud, of_quiet = gradient(quantised=True)
    assert of_quiet == 0
    assert of_loud < -10
