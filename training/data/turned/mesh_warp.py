"""Warping of a picture by a mesh in space, with hidden surfaces removed by a depth buffer.

Letters: N points, T triangles, S side of the square picture that is drawn, pixels.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MIN_AREA = 1e-3
"""Square pixels. Smaller triangles are seen edge-on and not drawn."""
MIN_BARYCENTRIC = -1e-6
"""Pixels with barycentric coordinates down to this belong to a triangle; slightly below 0, so that rounding
opens no crack between neighbours."""


def _planes(corners: Array, values: Array) -> Array:
    """(T, C, 3) coefficients of x, y and 1 of the planes through values (T, 3, C) at corners (T, 3, 2)."""
    ones = np.ones((*corners.shape[:2], 1))
    return np.linalg.solve(np.concatenate([corners, ones], axis=2), values).transpose(0, 2, 1)


def source_map(points: Array, triangles: NDArray[np.int64], source: Array, side: int) -> NDArray[np.float32]:
    """(S, S, 2) position in the source picture that each pixel shows; (-1e4, -1e4) where it shows nothing.

    Args:
        points: (N, 3) positions after the warp: x and y in pixels of the drawn picture, z the depth.
        triangles: (T, 3) indices of points.
        source: (N, 2) positions in the source picture, pixels.
        side: S.
    """
    across, down = np.moveaxis(points[triangles[:, 1:], :2] - points[triangles[:, :1], :2], 2, 0)
    area = np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]) / 2
    triangles = triangles[area > MIN_AREA]
    corners = points[triangles, :2]
    # The three barycentric coordinates, the depth and the source's x and y are linear over a triangle.
    ids = np.broadcast_to(np.eye(3), (len(triangles), 3, 3))
    planes = _planes(corners, np.concatenate([ids, points[triangles, 2:], source[triangles]], axis=2))
    low = np.clip(np.ceil(corners.min(axis=1)), 0, side).astype(int)
    high = np.clip(np.floor(corners.max(axis=1)) + 1, 0, side).astype(int)
    steps = np.arange(side, dtype=np.float64)
    nearest = np.full((side, side), np.inf)
    source_xy = np.full((side, side, 2), -1e4, np.float32)
    for (left, top), (right, bottom), plane in zip(low.tolist(), high.tolist(), planes, strict=True):
        if left >= right or top >= bottom:
            continue
        rows = plane[:, 1, None] * steps[top:bottom] + plane[:, 2, None]
        filled = rows[:, :, None] + (plane[:, 0, None] * steps[left:right])[:, None, :]
        inside = (filled[:3].min(axis=0) >= MIN_BARYCENTRIC) & (filled[3] < nearest[top:bottom, left:right])
        np.copyto(nearest[top:bottom, left:right], filled[3], where=inside)
        source_xy[top:bottom, left:right][inside] = filled[4:, inside].T
    return source_xy


def draw_mesh(picture: NDArray[np.uint8], source_xy: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3) the picture sampled through a map of `source_map`; black where it shows nothing."""
    drawn = cv2.remap(
        picture, source_xy[:, :, 0], source_xy[:, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(drawn, np.uint8)
