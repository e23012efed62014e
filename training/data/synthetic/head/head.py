"""A person's head: its surface, its mesh and the 68 landmarks on it.

The landmarks of eyes, brows, nose and mouth are fixed points of the surface. The jaw's follow the iBUG
annotation: where the head hides a fixed point, the landmark slides towards the face until it lies on the
visible outline.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.head.features import JAW, feature_plan, jaw_places
from training.data.synthetic.head.relief import relief
from training.data.synthetic.head.skull import TEMPLES, UNDERSIDE, Skull
from training.data.synthetic.traits import Expression, Identity

SLIDE_STEPS = 25
"""Positions tried for a jaw landmark between its fixed point and the inside of the face."""


@dataclass(frozen=True)
class Grid:
    """The mesh of the surface, the same for every head."""

    theta: NDArray[np.float64]
    """(C,) columns, from the back around the front to the back."""
    rows: NDArray[np.float64]
    """(R,) 0 at the crown, 1 at the temples, 2 at the chin, 3 at the lower pole."""
    triangles: NDArray[np.int32]
    """(T, 3) indices of the R * C vertices, clockwise as seen from outside."""


def quads_to_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    """(T, 3) triangles of a grid of vertices in row order, clockwise as seen with x right, y down."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    upper = np.stack([a, b, c], axis=-1).reshape(-1, 3)
    lower = np.stack([a, c, d], axis=-1).reshape(-1, 3)
    return np.concatenate([upper, lower])


@cache
def head_grid() -> Grid:
    """A grid that is fine at the nose and coarse at the back."""
    side = np.r_[np.linspace(0.05, 0.25, 5), np.linspace(0.35, 1.15, 8), np.linspace(1.35, np.pi, 7)]
    theta = np.r_[-side[::-1], 0.0, side]
    vault = 1 - np.cos(np.linspace(np.pi / 2, 0, 10))[::-1]
    rows = np.r_[np.sort(vault), np.linspace(1, 2, 31)[1:], np.linspace(2, 3, 4)[1:]]
    return Grid(theta, rows, quads_to_triangles(len(rows), len(theta)))


class Head:
    """One person with one expression; by default an average, neutral one."""

    def __init__(self, identity: Identity | None = None, expression: Expression | None = None) -> None:
        self.identity = identity or Identity()
        self.expression = expression or Expression()
        self.skull = Skull(self.identity, self.expression)
        self.plan = feature_plan(self.identity, self.expression)

    @property
    def chin(self) -> float:
        """Coordinate t of the chin."""
        return self.skull.chin

    def surface(
        self, theta: NDArray[np.floating], t: NDArray[np.floating], swell: NDArray[np.floating] | float = 0.0
    ) -> NDArray[np.float64]:
        """(..., 3) points in head axes, centimetres, at positions (theta, t); see skull.py.

        Args:
            theta: radians.
            t: centimetres.
            swell: thickness of hair or cloth over the skin, centimetres.
        """
        places = self.skull.surface(theta, t, swell)
        front = np.clip(3 * np.cos(theta), 0.0, 1.0)
        flat_t = np.broadcast_to(t, places.shape[:-1])
        places[..., 2] += front * relief(self.identity, self.expression, places[..., 0], flat_t)
        return places

    def row_heights(self) -> NDArray[np.float64]:
        """(R,) coordinate t of the mesh's rows."""
        crown = -self.identity.crown
        return np.interp(head_grid().rows, [0, 1, 2, 3], [crown, TEMPLES, self.chin, self.chin + UNDERSIDE])

    def places(self) -> NDArray[np.float64]:
        """(68, 2) theta and t of the landmarks of a frontal face."""
        places = self.skull.wrap(self.plan)
        places[JAW] = jaw_places(self.chin)
        return places

    def landmarks(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """(68, 3) centimetres in head axes, with the jaw on the outline visible in this rotation.

        Args:
            rotation: (3, 3) head axes to camera axes, without roll.
        """
        places = self.places()
        points = self.surface(places[:, 0], places[:, 1])
        points[JAW] = self._jaw_outline(places[JAW], rotation)
        return points

    def _jaw_outline(self, jaw: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """(17, 3) the outermost of the positions between each fixed point and the inside of the face."""
        inside = np.stack([np.zeros(17), jaw[:, 1] * 0.9], axis=1)
        steps = np.linspace(0.0, 0.6, SLIDE_STEPS)[:, None, None]
        tried = jaw + steps * (inside - jaw)
        points = self.surface(tried[..., 0], tried[..., 1])
        outward = np.stack([np.sin(jaw[:, 0]), 0.8 * np.cos(jaw[:, 0])], axis=1)
        distance = np.einsum("skc,kc->sk", points @ rotation[:2].T, outward)
        return points[np.argmax(distance, axis=0), np.arange(17)]
