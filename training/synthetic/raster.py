"""Triangles to pixels: which triangle a pixel shows, and values smooth across it.

Painter's order (far triangles first) and OpenCV's convex fill: 2,000 small triangles take about two
milliseconds, which a loop over pixels in Python could not.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SUBPIXEL_BITS = 4
"""Corners are given to the fill in sixteenths of a pixel."""
SMALLEST_AREA = 0.05
"""Twice the square pixels of a triangle below which it is left out: edge-on, no pixel's centre in it."""


@dataclass(frozen=True, eq=False)
class Fragments:
    """The pixels that the triangles cover."""

    covered: NDArray[np.bool_]
    """(side, side)"""
    values: NDArray[np.float32]
    """(P, C) of the covered pixels, row by row."""


def rasterise(
    vertices: NDArray[np.floating],
    triangles: NDArray[np.int32],
    values: NDArray[np.floating],
    side: int,
) -> Fragments:
    """Draw (T, 3) triangles of (V, 3) pixel positions with (V, C) values into a square picture.

    Triangles that are counter-clockwise as seen (backs) are left out; a larger z is nearer.
    """
    corners = vertices[triangles].astype(np.float32)
    edges = corners[:, 1:, :2] - corners[:, :1, :2]
    doubled_area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    shown = np.flatnonzero(doubled_area > SMALLEST_AREA)
    shown = shown[np.argsort(corners[shown, :, 2].sum(axis=1), kind="stable")]
    numbers = _number_image(corners[shown, :, :2], side)
    covered = numbers > 0
    of_pixel = shown[numbers[covered] - 1]
    rows, columns = np.nonzero(covered)
    offsets = np.stack([columns, rows], axis=1).astype(np.float32) - corners[of_pixel, 0, :2]
    inverse = _inverse_edges(edges, doubled_area)
    weights = _inside_weights(np.einsum("pij,pj->pi", inverse[of_pixel], offsets))
    of_corner = values.astype(np.float32)[triangles]
    return Fragments(covered, np.einsum("pk,pkc->pc", weights, of_corner[of_pixel]))


def _number_image(corners: NDArray[np.float32], side: int) -> NDArray[np.int32]:
    """(side, side) one plus the number of the last triangle drawn there, 0 where none."""
    image = np.zeros((side, side), np.int32)
    fixed = np.round(corners * (1 << SUBPIXEL_BITS)).astype(np.int32)
    for number, polygon in enumerate(fixed, start=1):
        cv2.fillConvexPoly(image, polygon, number, cv2.LINE_8, SUBPIXEL_BITS)
    return image


def _inverse_edges(edges: NDArray[np.float32], doubled_area: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, 2, 2) from an offset in pixels to the weights of corners 1 and 2."""
    safe = np.where(np.abs(doubled_area) > SMALLEST_AREA, doubled_area, 1)
    (x1, y1), (x2, y2) = edges[:, 0].T, edges[:, 1].T
    return (np.stack([y2, -x2, -y1, x1], axis=1) / safe[:, None]).reshape(-1, 2, 2)


def _inside_weights(later: NDArray[np.float32]) -> NDArray[np.float32]:
    """(P, 3) weights of the corners; a pixel that the fill's edge rule added is taken to the rim."""
    later = np.clip(later, 0, 1)
    first = np.clip(1 - later.sum(axis=1, keepdims=True), 0, 1)
    weights = np.concatenate([first, later], axis=1)
    return weights / weights.sum(axis=1, keepdims=True)
