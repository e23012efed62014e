"""A picture on a mesh, seen as the mesh has moved: the nearest surface hides what is behind it.

Letters: N points, T triangles, S pixels of the side of the square that is drawn.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

THINNEST = 1e-3
"""Square pixels of a triangle below which it is seen from its edge and not drawn."""
ON_EDGE = -1e-6
"""Barycentric coordinate down to which a pixel belongs to a triangle: neighbours share their edge."""


def _planes(corners: Array, values: Array) -> Array:
    """(T, C, 3) coefficients of x, y and 1 that give values (T, 3, C) at corners (T, 3, 2)."""
    ones = np.ones((*corners.shape[:2], 1))
    return np.linalg.solve(np.concatenate([corners, ones], axis=2), values).transpose(0, 2, 1)


def source_map(points: Array, triangles: NDArray[np.int64], source: Array, side: int) -> NDArray[np.float32]:
    """(S, S, 2) where in the source picture each pixel is seen; (-1e4, -1e4) where nothing is.

    Args:
        points: (N, 3) where the mesh is now; the pixels drawn are x, y, the camera looks along z.
        triangles: (T, 3) indices.
        source: (N, 2) where the points lie in the source picture.
        side: S.
    """
    across, down = np.moveaxis(points[triangles[:, 1:], :2] - points[triangles[:, :1], :2], 2, 0)
    area = np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]) / 2
    triangles = triangles[area > THINNEST]
    corners = points[triangles, :2]
    # The three barycentric coordinates, the depth and the source's x and y are all planes over the picture.
    ids = np.broadcast_to(np.eye(3), (len(triangles), 3, 3))
    planes = _planes(corners, np.concatenate([ids, points[triangles, 2:], source[triangles]], axis=2))
    low = np.clip(np.ceil(corners.min(axis=1)), 0, side).astype(int)
    high = np.clip(np.floor(corners.max(axis=1)) + 1, 0, side).astype(int)
    steps = np.arange(side, dtype=np.float64)
    nearest = np.full((side, side), np.inf)
    seen = np.full((side, side, 2), -1e4, np.float32)
    for (left, top), (right, bottom), plane in zip(low.tolist(), high.tolist(), planes, strict=True):
        if left >= right or top >= bottom:
            continue
        rows = plane[:, 1, None] * steps[top:bottom] + plane[:, 2, None]
        filled = rows[:, :, None] + (plane[:, 0, None] * steps[left:right])[:, None, :]
        inside = (filled[:3].min(axis=0) >= ON_EDGE) & (filled[3] < nearest[top:bottom, left:right])
        np.copyto(nearest[top:bottom, left:right], filled[3], where=inside)
        seen[top:bottom, left:right][inside] = filled[4:, inside].T
    return seen


def draw_mesh(picture: NDArray[np.uint8], seen: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3) the picture through a map of `source_map`; black where nothing is seen."""
    drawn = cv2.remap(picture, seen[:, :, 0], seen[:, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(drawn, np.uint8)
