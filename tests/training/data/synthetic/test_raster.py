"""Triangles become the pixels whose centres they hold, and values stay linear across them."""

import numpy as np
import pytest

from training.data.synthetic.raster import rasterise


def brute_force(corners: np.ndarray, side: int) -> set[int]:
    """Pixels whose centre lies inside a clockwise triangle, by cross products."""
    inside = set()
    for y in range(side):
        for x in range(side):
            edges = np.roll(corners, -1, axis=0) - corners
            rest = np.array([x, y]) - corners
            if (edges[:, 0] * rest[:, 1] - edges[:, 1] * rest[:, 0] >= 0).all():
                inside.add(y * side + x)
    return inside


@pytest.mark.parametrize("seed", range(8))
def test_a_triangle_covers_exactly_the_pixels_whose_centres_it_holds(seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-6, 30, (3, 2))
    first, second = corners[1] - corners[0], corners[2] - corners[0]
    if first[0] * second[1] - first[1] * second[0] < 0:
        corners = corners[::-1]
    vertices = np.column_stack([corners, np.zeros(3)])
    drawn = rasterise(vertices, np.array([[0, 1, 2]], np.int32), np.zeros((3, 1)), 24)
    assert set(drawn.pixels.tolist()) == brute_force(corners, 24)


def test_values_are_linear_across_a_triangle():
    vertices = np.array([[-20.0, -20, 0], [60, -20, 0], [-20, 60, 0]])
    values = vertices[:, :2] @ np.array([[2.0, -1], [0.5, 3]]) + [7, -4]
    drawn = rasterise(vertices, np.array([[0, 1, 2]], np.int32), values, 16)
    assert drawn.pixels.tolist() == list(range(256))
    y, x = np.divmod(np.arange(256), 16)
    expected = np.stack([x, y], axis=1) @ np.array([[2.0, -1], [0.5, 3]]) + [7, -4]
    assert np.abs(drawn.values.T - expected).max() < 1e-3


def test_the_nearer_triangle_wins_whatever_the_order_and_backs_are_not_drawn():
    square = np.array([[-5.0, -5, 0], [40, -5, 0], [-5, 40, 0]])
    vertices = np.concatenate([square, square + np.array([0, 0, 1]), square + np.array([0, 0, 9])])
    values = np.repeat([1.0, 2.0, 3.0], 3)[:, None]
    far, near, back = [0, 1, 2], [3, 4, 5], [6, 8, 7]
    for order in ([far, near, back], [back, near, far]):
        drawn = rasterise(vertices, np.array(order, np.int32), values, 8)
        assert drawn.values.shape == (1, 64)
        assert np.abs(drawn.values - 2).max() < 1e-4


def test_a_mesh_of_small_triangles_has_no_cracks():
    rng = np.random.default_rng(5)
    count = 40
    grid = np.stack(np.meshgrid(np.linspace(-3, 66, count), np.linspace(-3, 66, count)), axis=-1)
    grid[1:-1, 1:-1] += rng.uniform(-0.4, 0.4, (count - 2, count - 2, 2))
    index = np.arange(count * count).reshape(count, count)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    vertices = np.column_stack([grid.reshape(-1, 2), np.zeros(count * count)])
    drawn = rasterise(vertices, triangles.astype(np.int32), vertices[:, :2], 64)
    assert len(drawn.pixels) == 64 * 64
    y, x = np.divmod(drawn.pixels, 64)
    assert np.abs(drawn.values - [x, y]).max() < 1e-3
