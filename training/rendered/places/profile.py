"""Places of landmarks by the form of a head alone, as anthropometry defines them (Farkas 1994).

The texture's layout is the same for all heads: u runs across the face, v down. A column of it, from the
brow to the chin say, is a curve on the skin. World axes: y up, z out of the face; metres.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Avatar, Pose
from training.rendered.gltf import Mesh
from training.rendered.landmarks import locate

Array = NDArray[np.float64]

STEP = 0.0005
"""Between the samples of a column, texture sides: a tenth of a millimetre to a third of one."""
RIGHT_LID_SEAM = (0.23, 0.205, 0.295, 0.225)
"""Where in the texture, (u, v) to (u, v), the lid slit of the right eye is."""
GLABELLA, BRIDGE, TIP, LIP = 0.18, 0.235, 0.285, 0.345
"""Heights v on the midline: forehead above the nose, bridge below the eyes, above the tip, upper lip."""
LID_REACH = 0.02
"""How far from the slit a lid's margin is looked for."""
LIP_GAP = (0.335, 0.39)
"""From the upper lip's outer edge to the lower lip's."""


@dataclass(frozen=True)
class Slit:
    """The opening between the lids of the right eye, texture coordinates."""

    outer: tuple[float, float]
    inner: tuple[float, float]


@lru_cache(maxsize=2)
def mesh_borders(mesh: Mesh) -> Array:
    """(E, 2, 2) edges of the texture's layout that only one triangle has: seams, and the rims of openings."""
    rounded = np.round(mesh.uv.astype(np.float64), 4)
    sides = np.concatenate([rounded[mesh.triangles[:, pair]] for pair in ([0, 1], [1, 2], [2, 0])])
    swapped = (sides[:, 0, 0] > sides[:, 1, 0]) | (
        (sides[:, 0, 0] == sides[:, 1, 0]) & (sides[:, 0, 1] > sides[:, 1, 1])
    )
    sides[swapped] = sides[swapped, ::-1]
    edges, counts = np.unique(sides.reshape(-1, 4), axis=0, return_counts=True)
    return np.asarray(edges[counts == 1].reshape(-1, 2, 2))


def within(places: Array, window: tuple[float, float, float, float]) -> Array:
    """Those of places (N, 2) that lie in a window of the texture, (u, v) to (u, v)."""
    left, top, right, bottom = window
    return np.asarray(places[((places > (left, top)) & (places < (right, bottom))).all(axis=1)])


def lid_slit(mesh: Mesh, midline: float | None = None) -> Slit:
    """The ends of the right eye's slit, or, with a midline, of the left eye's as if it were the right one."""
    places = mesh_borders(mesh).reshape(-1, 2)
    if midline is not None:
        places = places * [-1, 1] + [2 * midline, 0]
    rim = within(places, RIGHT_LID_SEAM)
    outer, inner = rim[rim[:, 0].argmin()], rim[rim[:, 0].argmax()]
    return Slit((float(outer[0]), float(outer[1])), (float(inner[0]), float(inner[1])))


def midline_of(mesh: Mesh) -> float:
    """Place u of the middle between the two lid slits."""
    places = mesh_borders(mesh).reshape(-1, 2)
    left, top, right, bottom = RIGHT_LID_SEAM
    width = 2 * (right - left)
    rows = places[(places[:, 1] > top) & (places[:, 1] < bottom)]
    near = rows[(rows[:, 0] > left) & (rows[:, 0] < right)]
    other = rows[(rows[:, 0] > right + width / 4) & (rows[:, 0] < right + 1.2 * width)]
    return float((near[:, 0].min() + other[:, 0].max()) / 2)


class Columns:
    """Curves on a person's skin, resting and with the mouth open."""

    def __init__(self, avatar: Avatar) -> None:
        self._skin = avatar.skin
        self._resting = avatar.posed(Pose())[0].positions
        self._open = avatar.posed(Pose({"MouthOpen": 1.0}))[0].positions

    def column(self, u: float, low: float, high: float, *, mouth_open: bool = False) -> tuple[Array, Array]:
        """(N,) heights v from low to high, and (N, 3) the skin's points there."""
        heights = np.arange(low, high, STEP if low < high else -STEP)
        places = np.column_stack([np.full_like(heights, u), heights])
        points = locate(self._skin, places).on(self._open if mouth_open else self._resting)
        return heights, points


def nose_tip(columns: Columns, midline: float) -> float:
    """Height v of pronasale: the point of the midline that stands out farthest."""
    heights, points = columns.column(midline, BRIDGE, LIP)
    return float(heights[points[:, 2].argmax()])


def hollow(columns: Columns, midline: float, low: float, high: float) -> float:
    """Height v of the deepest point of the midline below the straight line between two of its points."""
    heights, points = columns.column(midline, low, high)
    profile = points[:, 1:]
    (rise, run), from_first = profile[-1] - profile[0], profile - profile[0]
    depth = np.abs(rise * from_first[:, 1] - run * from_first[:, 0])
    return float(heights[depth.argmax()])


def nose_root(columns: Columns, midline: float) -> float:
    """Height v of sellion: the deepest point between forehead and tip."""
    return hollow(columns, midline, GLABELLA, nose_tip(columns, midline))


def nose_base(columns: Columns, midline: float) -> float:
    """Height v of subnasale: the deepest point between tip and upper lip."""
    return hollow(columns, midline, nose_tip(columns, midline), LIP)


def lid_margins(columns: Columns, u: float, slit: float) -> tuple[float, float]:
    """Height v of the front edges of the upper and of the lower lid.

    From the slit outwards, the edge is where the skin begins to climb more than it comes forwards. Between
    the slit and this edge lies the rim that touches the eyeball.
    """
    heights, points = columns.column(u, slit - LID_REACH, slit + LID_REACH)
    steps = np.abs(np.diff(points, axis=0))
    climbs = steps[:, 1] > steps[:, 2]
    gap = int(steps[:, 1].argmax())
    upper, lower = int(np.argmax(climbs[gap - 1 :: -1])), int(np.argmax(climbs[gap + 1 :]))
    return float(heights[gap - upper]), float(heights[gap + 1 + lower])


def inner_lips(columns: Columns, u: float) -> tuple[float, float]:
    """Height v of the upper and of the lower lip's edge: where the skin of each turns into the open mouth."""
    heights, points = columns.column(u, *LIP_GAP, mouth_open=True)
    # Between the lips lies the mouth's inside, all of it behind their edges.
    depth = int(points[:, 2].argmin())
    upper, lower = points[:depth, 1], points[depth:, 1]
    return float(heights[int(upper.argmin())]), float(heights[depth + int(lower.argmax())])
