"""Where the 68 iBUG points lie on a head's skin.

The heads share one layout of the skin's texture, so a place in it is the same anatomical place on every
head. `landmarks68.json` holds these places (u, v), written by `python -m training places` from the form of
the heads and from MediaPipe's mesh, without any labelled photograph (places/derive.py). Brows are painted,
each person's at another height: `brow_shift` measures them.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from training.rendered.gltf import Mesh

Array = NDArray[np.float64]

TABLE = Path(__file__).with_name("landmarks68.json")
JAW = tuple(range(17))
BROWS = tuple(range(17, 27))

BROW_REACH = 0.03
"""How far above and below its usual place a brow's upper edge is looked for, texture sides."""
BROW_HALF_WIDTH = 0.006
"""Half the width of the strip of texture that is averaged for one point."""
MIN_BROW_CONTRAST = 20.0
"""Grey levels by which a brow is darker than the skin above; fainter edges are not trusted."""
MAX_BROW_SHIFT = 0.022


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """N places on a mesh that move with it."""

    triangles: NDArray[np.int32]
    """(N, 3) indices of vertices."""
    weights: Array
    """(N, 3) barycentric coordinates."""

    def on(self, values: NDArray[np.floating]) -> Array:
        """(N, C) values of the vertices (V, C), as positions are, at the places."""
        return np.asarray((values[self.triangles] * self.weights[:, :, None]).sum(axis=1), np.float64)


@cache
def table() -> tuple[float, Array]:
    """The midline's u, and (68, 2) places in the texture."""
    values = json.loads(TABLE.read_text(encoding="utf-8"))
    return float(values["midline_u"]), np.array(values["uv"])


def landmark_points(
    mesh: Mesh, texture: NDArray[np.uint8] | None, places: Array | None = None
) -> SurfacePoints:
    """The 68 points on a skin.

    Args:
        mesh: the skin.
        texture: (H, W, 3) of its colours, in which the brows are looked for; None leaves them at the
            usual height.
        places: (68, 2) in the texture; None: the table's.
    """
    usual = table()[1] if places is None else places
    own = usual.copy()
    if texture is not None:
        own[list(BROWS), 1] += brow_shift(texture, usual)
    return locate(mesh, own)


def locate(mesh: Mesh, places: Array) -> SurfacePoints:
    """Points on a mesh at places (N, 2) in its texture; outside every triangle, on the nearest one."""
    corners = mesh.uv[mesh.triangles].astype(np.float64)
    origin, along, up = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = along[:, 0] * up[:, 1] - along[:, 1] * up[:, 0]
    area = np.where(area == 0, 1e-12, area)
    low, high = corners.min(axis=1), corners.max(axis=1)
    everywhere = np.arange(len(corners))
    chosen, weights = [], []
    for place in places:
        about = np.flatnonzero(((low <= place) & (place <= high)).all(axis=1))
        about = about if len(about) else everywhere
        x, y = (place - origin[about]).T
        second = (x * up[about, 1] - y * up[about, 0]) / area[about]
        third = (along[about, 0] * y - along[about, 1] * x) / area[about]
        all_weights = np.stack([1 - second - third, second, third], axis=1)
        best = int(all_weights.min(axis=1).argmax())
        inside = np.clip(all_weights[best], 0, None)
        chosen.append(about[best])
        weights.append(inside / inside.sum())
    return SurfacePoints(mesh.triangles[chosen], np.array(weights))


def brow_shift(texture: NDArray[np.uint8], places: Array) -> Array:
    """(10,) how much lower than in places (68, 2) the upper edges of the brows lie, texture sides.

    Trusts what both brows say together, at their three middle points; the ends, where brows fade into
    the skin, follow their neighbours in part.
    """
    grey = cv2.GaussianBlur(texture, (0, 0), texture.shape[0] / 512).mean(axis=2)
    measured = np.array([_upper_edge(grey, *places[point]) for point in BROWS])
    both = (measured[:5] + measured[:4:-1]) / 2
    shift, sure = both[:, 0], both[:, 1] >= MIN_BROW_CONTRAST
    middle = float(shift[1:4][sure[1:4]].mean()) if sure[1:4].any() else 0.0
    shift = np.where(sure, shift, middle)
    shift[0], shift[4] = (shift[0] + shift[1]) / 2, (shift[4] + shift[3]) / 2
    return np.tile(np.clip(shift, -MAX_BROW_SHIFT, MAX_BROW_SHIFT), 2)[[0, 1, 2, 3, 4, 9, 8, 7, 6, 5]]


def _upper_edge(grey: NDArray[np.floating], u: float, v: float) -> tuple[float, float]:
    """By how much a brow's upper edge lies below v, and how many grey levels darker the brow is."""
    side = len(grey)
    rows = np.arange(int((v - BROW_REACH) * side), int((v + BROW_REACH) * side))
    columns = slice(int((u - BROW_HALF_WIDTH) * side), int((u + BROW_HALF_WIDTH) * side) + 1)
    profile = grey[rows, columns].mean(axis=1)
    darker = np.maximum.accumulate(profile) - profile
    # The lid's crease may be the darkest place of all, at the lower end.
    darkest = int(darker[: int(0.85 * len(darker))].argmax())
    lighter = np.flatnonzero(darker[: darkest + 1] < darker[darkest] / 2)
    edge = lighter.max() if len(lighter) else 0
    return float(rows[edge] / side - v), float(darker[darkest])


def mirrored_order() -> list[int]:
    """Index of each point's mirror image."""
    order = list(range(68))
    for right, left in ibug_68.swap_pairs:
        order[right], order[left] = left, right
    return order
