"""The jaw as it is drawn in photographs: along the edge of the face that is seen.

A point fixed on the jaw disappears behind the cheek when the head turns. People who label photographs
then follow the outline of the cheek instead. Here the outline is that of the face's front, the skin
within the line of the jaw points: where the jaw is seen it is the jaw line itself, elsewhere the edge of
the cheek, the lips or the chin. A nose that stands out past the cheek hides the outline and is left out. They
also space the points evenly along what they see, between the chin and either end, so both halves are divided
anew: a half turned to the camera is longer, and its points lie farther up the jaw.

Picture axes of the head: `down` from the eyes to the chin, `aside` at a right angle to it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from training.rendered.gltf import Mesh
from training.rendered.landmarks import JAW, table

Array = NDArray[np.float64]

CHIN = 8
TOP_V = 0.13
"""Upper end of the face's front in the texture."""
NOSE_HALF_WIDTH, NOSE_TOP_V, NOSE_BOTTOM_V = 0.055, 0.19, 0.315
"""The nose in the texture."""
CHIN_HALF_WIDTH = 0.05
"""Of the strip in which the lowest point is looked for, texture sides."""
HEIGHTS = 96
"""At which the outline is looked up between the chin and the ear."""
EDGE_FRACTION = 0.004
"""Of the distance from chin to ear: a point so near the outline is on it, and stays where it is."""


@dataclass(frozen=True, eq=False)
class FaceFront:
    """The part of a skin that the jaw line encloses."""

    edges: NDArray[np.int32]
    """(E, 2) vertices of its triangles' edges, without the nose."""
    chin: NDArray[np.int32]
    """Vertices near the chin's middle."""

    @classmethod
    def of(cls, mesh: Mesh) -> "FaceFront":
        """The face's front of a skin."""
        midline, places = table()
        jaw = places[list(JAW)]
        border = np.concatenate([jaw, [[jaw[-1, 0], TOP_V], [jaw[0, 0], TOP_V]]]).astype(np.float32)
        within = np.array([cv2.pointPolygonTest(border, place.tolist(), False) >= 0 for place in mesh.uv])
        aside = np.abs(mesh.uv[:, 0] - midline)
        nose = (aside < NOSE_HALF_WIDTH) & (mesh.uv[:, 1] > NOSE_TOP_V) & (mesh.uv[:, 1] < NOSE_BOTTOM_V)
        kept = mesh.triangles[(within & ~nose)[mesh.triangles].all(axis=1)]
        sides = np.sort(kept[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        low = within & (aside < CHIN_HALF_WIDTH) & (mesh.uv[:, 1] > places[57, 1])
        return cls(np.unique(sides, axis=0), np.flatnonzero(low).astype(np.int32))


def jaw_contour(front: FaceFront, seen: Array, jaw: Array, down: Array) -> Array:
    """(17, 3) jaw points along the outline that is seen.

    Args:
        front: of the skin.
        seen: (V, 3) its vertices: pixels and depth.
        jaw: (17, 3) the points fixed on the jaw, likewise.
        down: (2,) unit vector in the picture.
    """
    chin = _lowest(np.vstack([jaw[CHIN], seen[front.chin]]), down)
    right_out = np.array([-down[1], down[0]])
    right = _half(front, seen, np.vstack([chin, jaw[CHIN - 1 :: -1]]), down, right_out)
    left = _half(front, seen, np.vstack([chin, jaw[CHIN + 1 :]]), down, -right_out)
    return np.concatenate([right[:0:-1], left])


def _lowest(points: Array, down: Array) -> Array:
    return np.asarray(points[int((points[:, :2] @ down).argmax())])


def _half(front: FaceFront, seen: Array, marks: Array, down: Array, out: Array) -> Array:
    """(9, 3) half of the jaw, from the chin to the ear, along the outline.

    Args:
        marks: (9, 3) the same points fixed on the skin, after the chin, which is on the outline.
        out: (2,) unit vector towards this half's side of the picture.
    """
    vertices = np.vstack([seen, marks])
    line = len(seen) + np.arange(len(marks))
    edges = np.vstack([front.edges, np.stack([line[:-1], line[1:]], axis=1)])
    low, across = vertices[:, :2] @ down, vertices[:, :2] @ out
    # Closer together at the chin, where the outline is nearly level.
    heights = low[line[0]] + (low[line[-1]] - low[line[0]]) * np.linspace(0, 1, HEIGHTS)[1:] ** 2
    reach, depth = _outline(heights, low, across, vertices[:, 2], edges)
    there = np.isfinite(reach)
    points = reach[:, None] * out + heights[:, None] * down
    outline = np.vstack([marks[0], np.column_stack([points, depth])[there]])
    at_marks, _ = _outline(low[line], low, across, vertices[:, 2], edges)
    slack = EDGE_FRACTION * np.linalg.norm(marks[-1, :2] - marks[0, :2])
    inside = at_marks > across[line] + slack
    return _evenly(np.where(inside[:, None], _spaced_like(marks, outline), marks))


def _outline(
    heights: Array, low: Array, across: Array, depth: Array, edges: NDArray[np.int32]
) -> tuple[Array, Array]:
    """(H,) how far the edges reach at each height, and their depth there; NaN where there is none."""
    first, last = low[edges[:, 0]], low[edges[:, 1]]
    crossing = (np.minimum(first, last) <= heights.max()) & (np.maximum(first, last) >= heights.min())
    edges, first, last = edges[crossing], first[crossing], last[crossing]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (heights[:, None] - first) / (last - first)
        reach = across[edges[:, 0]] + share * (across[edges[:, 1]] - across[edges[:, 0]])
        reach = np.where((share >= 0) & (share <= 1), reach, -np.inf)
    best = reach.argmax(axis=1)
    rows = np.arange(len(heights))
    chosen = edges[best]
    at = share[rows, best]
    with np.errstate(invalid="ignore"):
        depths = depth[chosen[:, 0]] + at * (depth[chosen[:, 1]] - depth[chosen[:, 0]])
    reached = reach[rows, best]
    return np.where(np.isinf(reached), np.nan, reached), depths


def _shares(line: Array) -> Array:
    """(N,) share of a line's length in the picture at which each of its points lies."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1))])
    return np.asarray(length / max(length[-1], 1e-9), np.float64)


def _evenly(line: Array) -> Array:
    """A line (N, 3) through N points, at N points that divide its length in the picture evenly."""
    shares = _shares(line) + 1e-6 * np.arange(len(line))  # two points may coincide, which no spline allows
    return np.asarray(CubicSpline(shares, line)(np.linspace(0, shares[-1], len(line))), np.float64)


def _spaced_like(marks: Array, line: Array) -> Array:
    """(M, 3) points of a line (N, 3) that share its length as marks (M, 3) share theirs."""
    return np.column_stack([np.interp(_shares(marks), _shares(line), axis) for axis in line.T])
