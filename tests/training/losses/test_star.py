import math

import numpy as np
import pytest
import torch

from training.losses import star as star_loss

CELLS = 64


def gaussian_map(mean, long, short, angle):
    """A rotated Gaussian sampled at the cells' middles, written out in numpy."""
    centres = (np.arange(CELLS) * 2 + 1) / CELLS - 1
    x, y = np.meshgrid(centres - mean[0], centres - mean[1])
    along = x * math.cos(angle) + y * math.sin(angle)
    across = -x * math.sin(angle) + y * math.cos(angle)
    return torch.from_numpy(np.exp(-0.5 * ((along / long) ** 2 + (across / short) ** 2)))[None, None]


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.2, -0.9, math.pi / 2])
def test_a_known_gaussian_gives_back_its_mean_axes_and_variances(angle):
    spread = star_loss.spread_of(gaussian_map((0.1, -0.2), 0.2, 0.08, angle))
    assert spread.mean[0, 0].tolist() == pytest.approx([0.1, -0.2], abs=1e-4)
    assert spread.variances[0, 0].tolist() == pytest.approx([0.2**2, 0.08**2], rel=0.01)
    along = spread.axes[0, 0, 0]
    assert abs(float(along[0]) * math.cos(angle) + float(along[1]) * math.sin(angle)) == pytest.approx(
        1, abs=1e-4
    )


@pytest.mark.parametrize("distance", ["smooth_l1", "l1"])
@pytest.mark.parametrize("order", ["v1", "v2"])
def test_the_loss_on_a_known_gaussian_is_the_written_out_one(distance, order):
    mean, long, short, angle = (0.1, -0.2), 0.2, 0.08, 0.5
    true = (0.18, -0.1)
    maps = gaussian_map(mean, long, short, angle)
    got = float(star_loss.star_loss(maps, torch.tensor([[true]]), distance, order)[0, 0])

    def d(value):
        value = abs(value)
        if distance == "l1":
            return value
        return value**2 / 0.02 if value < 0.01 else value - 0.005

    dx, dy = true[0] - mean[0], true[1] - mean[1]
    mass = (maps / maps.sum()).numpy()
    unbiased = 1 - (mass**2).sum()
    wanted = 0.0
    for deviation, (vx, vy) in (
        (long, (math.cos(angle), math.sin(angle))),
        (short, (-math.sin(angle), math.cos(angle))),
    ):
        variance = deviation**2 / unbiased
        root = math.sqrt(variance + 1e-5)
        error = vx * dx + vy * dy
        wanted += (d(error / root) if order == "v1" else d(error) / root) + variance
    assert got == pytest.approx(wanted, rel=0.01)


def test_an_error_along_the_long_axis_costs_less_than_one_across():
    maps = gaussian_map((0, 0), 0.25, 0.05, 0.0)
    along, across = (float(star_loss.star_loss(maps, torch.tensor([[p]]))) for p in ((0.1, 0.0), (0.0, 0.1)))
    assert along < across


def test_closed_form_eigenvalues_are_lapacks():
    rng = np.random.default_rng(0)
    for _ in range(200):
        half = rng.normal(size=(2, 2))
        matrix = half @ half.T
        values, axes = star_loss.eigen_2x2(*(torch.tensor(matrix[i]) for i in ((0, 0), (0, 1), (1, 1))))
        assert values.tolist() == pytest.approx(np.linalg.eigvalsh(matrix)[::-1].tolist(), rel=1e-9, abs=1e-9)
        rebuilt = axes.T @ torch.diag(values) @ axes
        assert np.abs(rebuilt.numpy() - matrix).max() < 1e-9


@pytest.mark.parametrize("shape", ["round", "flat", "empty", "point"])
def test_no_shape_of_map_gives_a_gradient_that_is_no_number(shape):
    maps = (
        {
            "round": gaussian_map((0, 0), 0.1, 0.1, 0),
            "flat": torch.ones(1, 1, CELLS, CELLS),
            "empty": torch.zeros(1, 1, CELLS, CELLS),
            "point": torch.zeros(1, 1, CELLS, CELLS).index_put_(
                tuple(torch.tensor([i]) for i in (0, 0, 9, 9)), torch.tensor(1.0)
            ),
        }[shape]
        .float()
        .requires_grad_()
    )
    loss = star_loss.star_loss(maps, torch.tensor([[[0.3, 0.1]]])).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(maps.grad).all()


def test_the_gradient_is_that_of_finite_differences():
    a, b, c = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.5, 0.13, 0.2))
    assert torch.autograd.gradcheck(star_loss.eigen_2x2, (a, b, c))


def test_pixels_and_units_are_each_others_inverse():
    pixels = torch.tensor([[-0.5, 127.5], [63.5, 0.0]])
    unit = star_loss.to_unit(pixels, 128)
    assert unit.tolist() == [[-1.0, 1.0], [0.0, pytest.approx(1 / 128 - 1)]]
    assert torch.allclose(star_loss.to_pixels(unit, 128), pixels)
