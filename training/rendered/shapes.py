"""Simple triangle meshes: tubes, grids, boxes."""

import numpy as np
from numpy.typing import NDArray

from training.rendered.renderer import Surface

Array = NDArray[np.float64]

PLAIN = "plain"
"""Name of the white texture that shapes are tinted on."""
ROUND = 8
"""Corners of a tube's section."""


def surface_of(points: Array, triangles: NDArray[np.integer], **look: object) -> Surface:
    """A surface with smooth normals, of one colour.

    Args:
        points: (V, 3).
        triangles: (T, 3).
        look: tint, gloss and so on of the `Surface`.
    """
    corners = points[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return Surface(
        points.astype(np.float32), (normals / np.where(length == 0, 1, length)).astype(np.float32),
        np.zeros((len(points), 2), np.float32), triangles.astype(np.int32), PLAIN, **look,  # type: ignore[arg-type]
    )  # fmt: skip


def grid_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    """(T, 3) triangles between points of a grid, numbered row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    first = np.stack([corner, corner + columns, corner + 1], axis=1)
    second = np.stack([corner + 1, corner + columns, corner + columns + 1], axis=1)
    return np.concatenate([first, second]).astype(np.int32)


def tube(line: Array, radius: float) -> tuple[Array, NDArray[np.int32]]:
    """Points and triangles of a round rod along a line (N, 3)."""
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    helper = np.eye(3)[np.abs(along).mean(axis=0).argmin()]
    side = np.cross(along, helper)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(along, side)
    turn = np.linspace(0, 2 * np.pi, ROUND + 1)
    ring = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * other[:, None]
    points = line[:, None] + radius * ring
    return points.reshape(-1, 3), grid_triangles(len(line), ROUND + 1)


def joined(parts: list[tuple[Array, NDArray[np.int32]]]) -> tuple[Array, NDArray[np.int32]]:
    """Several meshes as one."""
    starts = np.cumsum([0, *(len(points) for points, _ in parts)])
    return (
        np.concatenate([points for points, _ in parts]),
        np.concatenate([triangles + start for (_, triangles), start in zip(parts, starts[:-1], strict=True)]),
    )


def box(size: Array) -> tuple[Array, NDArray[np.int32]]:
    """A box about the origin whose sides do not share vertices, so that its edges are sharp."""
    parts = []
    for axis in range(3):
        for sign in (-1, 1):
            flat = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], float)
            points = np.insert(flat, axis, sign, axis=1) * size / 2
            parts.append((points, np.array([[0, 1, 2], [1, 3, 2]], np.int32)))
    return joined(parts)


def moved(points: Array, place: Array) -> Array:
    """(V, 3) points after a (4, 4) matrix."""
    return np.asarray(points @ place[:3, :3].T + place[:3, 3], np.float64)
