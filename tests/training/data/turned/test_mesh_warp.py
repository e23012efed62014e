"""A picture on a mesh: planes are planes, and the nearer one is seen."""

import numpy as np
import pytest

from training.data.turned.mesh_warp import draw_mesh, source_map

SIDE = 40


def square(left, top, right, bottom, depth):
    """Four corners at one depth, and the two triangles between them."""
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64)
    return np.column_stack([corners, np.full(4, depth)]), np.array([[0, 1, 2], [1, 3, 2]])


def test_a_mesh_that_has_not_moved_shows_every_pixel_where_it_was():
    points, triangles = square(-0.5, -0.5, SIDE - 0.5, SIDE - 0.5, 0.0)
    picture = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    seen = source_map(points, triangles, points[:, :2], SIDE)
    y, x = np.mgrid[:SIDE, :SIDE]
    np.testing.assert_allclose(seen, np.stack([x, y], axis=-1), atol=1e-4)
    np.testing.assert_array_equal(draw_mesh(picture, seen), picture)


def test_what_lies_outside_the_mesh_is_black():
    points, triangles = square(10, 10, 20, 20, 0.0)
    seen = source_map(points, triangles, points[:, :2], SIDE)
    drawn = draw_mesh(np.full((SIDE, SIDE, 3), 200, np.uint8), seen)
    assert (drawn[10:21, 10:21] == 200).all()
    assert (drawn == 200).sum() == 11 * 11 * 3


@pytest.mark.parametrize("swapped", [False, True])
def test_the_nearer_surface_is_seen_whatever_the_order_of_the_triangles(swapped):
    near, far = square(5, 5, 25, 25, 1.0), square(15, 15, 35, 35, 2.0)
    first, last = (far, near) if swapped else (near, far)
    points = np.concatenate([first[0], last[0]])
    triangles = np.concatenate([first[1], last[1] + 4])
    # Each surface's picture lies where its depth says: source x is a hundred times it.
    source = np.column_stack([100 * points[:, 2], points[:, 1]])
    seen = source_map(points, triangles, source, SIDE)
    assert seen[20, 20, 0] == pytest.approx(100)
    assert seen[10, 10, 0] == pytest.approx(100)
    assert seen[30, 30, 0] == pytest.approx(200)


def test_depth_is_compared_pixel_by_pixel_where_surfaces_pass_through_one_another():
    level, triangles = square(0, 0, 30, 30, 1.0)
    sloped = level.copy()
    sloped[:, 2] = level[:, 0] / 15
    points = np.concatenate([level, sloped])
    source = np.column_stack([np.repeat([100.0, 200.0], 4), points[:, 1]])
    seen = source_map(points, np.concatenate([triangles, triangles + 4]), source, SIDE)
    assert (seen[10, :15, 0] == 200).all()
    assert (seen[10, 16:30, 0] == 100).all()


def test_a_triangle_seen_from_its_edge_is_not_drawn():
    points = np.array([[5, 5, 0], [20, 5, 0], [35, 5, 1.0]])
    assert (source_map(points, np.array([[0, 1, 2]]), points[:, :2], SIDE) == -1e4).all()
