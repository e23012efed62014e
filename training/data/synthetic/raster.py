"""Rasterisation: which triangle each pixel shows, and values interpolated across it.

Painter's algorithm: where triangles overlap, the one with the nearer centroid wins. The rows of all
triangles, and then the pixels of all rows, are laid end to end in one array each, because a loop
over 2,000 triangles in Python would take most of the time of drawing a face.

Letters: T triangles, R rows of all triangles, P pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_DOUBLE_AREA = 0.02
"""Twice the area, square pixels. Smaller triangles are seen edge-on and left out."""
EDGE_TOLERANCE = 1e-4
"""Tolerance of the weights, so that rounding opens no crack between two triangles."""


@dataclass(frozen=True, eq=False)
class Fragments:
    """The pixels that the triangles cover."""

    pixels: NDArray[np.intp]
    """(P,) indices into the flattened picture, without duplicates."""
    values: NDArray[np.float32]
    """(C, P) interpolated values."""


@dataclass(frozen=True, eq=False)
class _Edges:
    """Triangles that face the camera, far ones first.

    The weights of a triangle's three corners at pixel (x, y) are slope @ (x, y) + start.
    """

    rows: NDArray[np.int32]
    """(2, T) first and last row; last < first where the triangle covers no pixel's centre."""
    slope: NDArray[np.float64]
    """(3, 2, T) change of each weight per column and per row."""
    start: NDArray[np.float64]
    """(3, T) weights at pixel (0, 0)."""
    triangles: NDArray[np.int32]
    """(T, 3) indices of vertices."""


def _kept(corners: NDArray[np.float64], area: NDArray[np.float64], side: int) -> NDArray[np.intp]:
    """Indices of the triangles that are visible, far ones first."""
    x, y, z = corners
    shown = area > MIN_DOUBLE_AREA
    for along in (x, y):
        shown &= (along.max(axis=0) >= 0) & (along.min(axis=0) <= side - 1)
    kept = np.flatnonzero(shown)
    return kept[np.argsort(z[0, kept] + z[1, kept] + z[2, kept], kind="stable")]


def _front_edges(vertices: NDArray[np.floating], triangles: NDArray[np.int32], side: int) -> _Edges:
    # Double precision: these are differences of products, and there are only as many as triangles.
    corners = vertices.astype(np.float64).T[:, triangles.T]
    (x0, x1, x2), (y0, y1, y2), _ = corners
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    kept = _kept(corners, area, side)
    # Drop what is not drawn before the large arrays are made: more than half of a head is its back.
    (x0, x1, x2), y = corners[:2][..., kept]
    y0, y1, y2 = y
    slope = np.stack([y1 - y2, x2 - x1, y2 - y0, x0 - x2, y0 - y1, x1 - x0]) / area[kept]
    start = np.stack([x1 * y2 - x2 * y1, x2 * y0 - x0 * y2, x0 * y1 - x1 * y0]) / area[kept]
    rows = np.stack([np.maximum(np.ceil(y.min(axis=0)), 0), np.minimum(np.floor(y.max(axis=0)), side - 1)])
    return _Edges(rows.astype(np.int32), slope.reshape(3, 2, -1), start, triangles[kept])


def _unrolled(counts: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For runs of given lengths laid end to end: each element's run, and its position in the run."""
    run = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return run, np.arange(len(run)) - starts.take(run)


def _bounds(edges: _Edges, rising: bool, neutral: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column from which (rising) or up to which each weight is positive: slope * row + start, both (3, T)."""
    across, down = edges.slope.transpose(1, 0, 2)
    bounding = across > 0 if rising else across < 0
    safe = np.where(bounding, across, 1.0)
    slope = np.where(bounding, -down / safe, 0.0)
    start = np.where(bounding, -(edges.start + EDGE_TOLERANCE) / safe, neutral)
    return slope.astype(np.float32), start.astype(np.float32)


def _spans(
    edges: _Edges, triangle: NDArray[np.intp], row: NDArray[np.intp], side: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(R,) first column and number of columns of each row of a triangle."""
    height = row.astype(np.float32)
    slope, start = _bounds(edges, rising=True, neutral=0)
    first = np.zeros(len(row), np.float32)
    for corner in range(3):
        np.maximum(first, slope[corner].take(triangle) * height + start[corner].take(triangle), out=first)
    slope, start = _bounds(edges, rising=False, neutral=side - 1)
    last = np.full(len(row), side - 1, np.float32)
    for corner in range(3):
        np.minimum(last, slope[corner].take(triangle) * height + start[corner].take(triangle), out=last)
    first_column = np.ceil(first).astype(np.int32)
    return first_column, np.maximum(np.floor(last).astype(np.int32) - first_column + 1, 0)


def _number_pixels(edges: _Edges, side: int) -> NDArray[np.int32]:
    """(side * side,) one plus the index of the nearest triangle at each pixel, 0 where there is none."""
    heights = np.maximum(edges.rows[1] - edges.rows[0] + 1, 0)
    triangle, row = _unrolled(heights)
    row += edges.rows[0].take(triangle)
    first, count = _spans(edges, triangle, row, side)
    span, column = _unrolled(count)
    numbers = np.zeros(side * side, np.int32)
    # Of several values assigned to one pixel numpy keeps the last, which is the nearest triangle's.
    numbers[(row * side + first).take(span) + column] = triangle.take(span) + 1
    return numbers


def _planes(edges: _Edges, values: NDArray[np.floating]) -> NDArray[np.float32]:
    """(3, C, T) values at pixel (0, 0), then their change per column and per row."""
    weights = np.concatenate([edges.start[:, None], edges.slope], axis=1)
    planes = np.einsum("kwt,ckt->wct", weights, values.T[:, edges.triangles.T])
    return planes.astype(np.float32)


def rasterise(
    vertices: NDArray[np.floating],
    triangles: NDArray[np.int32],
    values: NDArray[np.floating],
    side: int,
) -> Fragments:
    """Rasterise (T, 3) triangles of (V, 3) vertices, pixels, with (V, C) values into a square picture.

    Triangles that appear counter-clockwise (back faces) are left out; a larger z is nearer.
    """
    edges = _front_edges(vertices, triangles, side)
    numbers = _number_pixels(edges, side)
    pixels = np.flatnonzero(numbers)
    number = numbers[pixels] - 1
    rows, columns = np.divmod(pixels.astype(np.int32), side)
    planes = _planes(edges, values)
    shown = planes[0].take(number, axis=1)
    shown += planes[1].take(number, axis=1) * columns.astype(np.float32)
    shown += planes[2].take(number, axis=1) * rows.astype(np.float32)
    return Fragments(pixels, shown)
