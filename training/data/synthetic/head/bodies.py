"""Meshes of head, ears and neck, with their texture coordinates on the canvas of the skin."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.camera import Camera
from training.data.synthetic.head.head import Head, head_grid, quads_to_triangles
from training.data.synthetic.light import grid_normals

PLAIN_SKIN = np.array([1.12, 3.2])
"""theta and t of the piece of cheek whose skin ears and neck take."""
DEPTH_GAP = 1000.0
"""Pixels in depth between parts whose order is known, so that their triangles do not interleave."""
_EAR_ROWS, _EAR_COLUMNS = 8, 9
_NECK_ROWS, _NECK_COLUMNS = 9, 13


@dataclass(frozen=True, eq=False)
class Mesh:
    """A mesh in camera axes and pixels, ready to be lit and drawn."""

    vertices: NDArray[np.float64]
    """(V, 3) pixels."""
    normals: NDArray[np.float64]
    """(V, 3) outward, camera axes."""
    places: NDArray[np.float64]
    """(V, 2) texture coordinates, theta and t."""
    occlusion: NDArray[np.float64]
    """(V,) fraction of the light that reaches each vertex."""
    triangles: NDArray[np.int32]
    """(T, 3) indices of vertices."""


def join_meshes(meshes: list[Mesh]) -> Mesh:
    """Concatenate meshes."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.places for mesh in meshes]),
        np.concatenate([mesh.occlusion for mesh in meshes]),
        np.concatenate(
            [mesh.triangles + np.int32(start) for mesh, start in zip(meshes, starts, strict=False)]
        ),
    )


def head_mesh(head: Head, camera: Camera, swell: NDArray[np.float64]) -> Mesh:
    """The head with hair of thickness `swell` (R, C), centimetres, over the skin."""
    grid, t = head_grid(), head.row_heights()[:, None]
    points = head.surface(grid.theta[None, :], t, swell)
    normals = grid_normals(points) @ camera.rotation.T
    places = np.stack(np.broadcast_arrays(grid.theta[None, :], t), axis=-1)
    return Mesh(
        camera.project(points).reshape(-1, 3),
        normals.reshape(-1, 3),
        places.reshape(-1, 2),
        np.ones(points.size // 3),
        grid.triangles,
    )


@cache
def _ear_triangles() -> NDArray[np.int32]:
    return quads_to_triangles(_EAR_ROWS, _EAR_COLUMNS)


def ear_mesh(head: Head, camera: Camera, side: int) -> Mesh:
    """The right (-1) or left (1) ear: half a flat ellipsoid that flares backwards, darker inside."""
    down = np.linspace(0.08, np.pi - 0.08, _EAR_ROWS)[:, None]
    # Columns run to the picture's right: backwards on the left ear, forwards on the right one.
    along = -side * np.linspace(-1.6, 1.1, _EAR_COLUMNS)[None, :]
    outward, forward = np.sin(down) * np.cos(along), np.sin(down) * np.sin(along)
    out = head.identity.half_width * 0.95 + 0.7 * outward - 0.75 * forward
    upright = 2.3 - 3.0 * np.cos(down) + 0.4 * forward
    points = np.stack([side * out, upright, -1.9 + 1.6 * forward], axis=-1)
    places = np.stack(
        [side * PLAIN_SKIN[0] + 0.02 * forward, PLAIN_SKIN[1] - 0.3 * np.cos(down) + 0 * forward], axis=-1
    )
    # Ear and cheek intersect, which the painter's algorithm would draw as a comb; so one is wholly in front.
    faces_camera = side * camera.rotation[2, 0] > 0.12
    vertices = camera.project(points) + np.array([0, 0, DEPTH_GAP if faces_camera else -DEPTH_GAP])
    return Mesh(
        vertices.reshape(-1, 3),
        (grid_normals(points) @ camera.rotation.T).reshape(-1, 3),
        places.reshape(-1, 2),
        (1.05 - 0.45 * outward**2).ravel(),
        _ear_triangles(),
    )


@cache
def _neck_triangles() -> NDArray[np.int32]:
    return quads_to_triangles(_NECK_ROWS, _NECK_COLUMNS)


def neck_top(head: Head, camera: Camera) -> NDArray[np.float64]:
    """(3,) pixels of the upper end of the neck's axis."""
    return camera.project(np.array([0.0, head.identity.chin - 6.0, -2.0]))


def neck_mesh(head: Head, camera: Camera) -> Mesh:
    """The neck: an upright tube from under the jaw into the collar, with a round neckline."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, _NECK_COLUMNS)[None, :]
    down = np.linspace(0, 1, _NECK_ROWS)[:, None]
    radius = head.identity.half_width * (0.68 + 0.26 * down**3)
    y = 10.0 * down + 2.4 * down**2 * np.cos(angle)
    points = np.stack(np.broadcast_arrays(radius * np.sin(angle), y, radius * np.cos(angle)), axis=-1)
    top = neck_top(head, camera) - [0, 0, 2 * DEPTH_GAP]
    theta = PLAIN_SKIN[0] + 0.02 * np.sin(angle)
    places = np.stack(np.broadcast_arrays(theta, PLAIN_SKIN[1] + down), axis=-1)
    shadow = 0.62 + 0.3 * down + 0 * angle
    return Mesh(
        (points * camera.scale + top).reshape(-1, 3),
        grid_normals(points).reshape(-1, 3),
        places.reshape(-1, 2),
        shadow.ravel(),
        _neck_triangles(),
    )
