"""The table of the 68 places, from the form of the heads and from MediaPipe's mesh on frontal views of them.

By form alone: the midline, the jaw, the nose's bridge, tip and base, the corners of the eyes, the margins of
the lids, the inner edges of the lips. What is painted on the skin or has no edge (brows, outer lips, wings of
the nose) is where MediaPipe's mesh sees it: the median over all heads and views of the place in the texture,
the two sides averaged. No photograph is looked at, labelled or not; the heads kept for evaluation take no
part.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import ibug_68
from training.face_mesh.mesh import FaceMesh
from training.face_mesh.outlines import landmarks_of_mesh
from training.rendered.avatar import Avatar
from training.rendered.draw import Sitter
from training.rendered.places.jaw import jaw_half
from training.rendered.places.profile import (
    Columns,
    inner_lips,
    lid_margins,
    lid_slit,
    midline_of,
    nose_base,
    nose_root,
    nose_tip,
)
from training.rendered.places.views import frontal_view, texture_places
from training.rendered.renderer import Renderer

Array = NDArray[np.float64]

VIEWS = 4
"""Of each head."""
SIDE = 384
"""Pixels of a view."""
MIRROR = np.asarray(ibug_68.mirror_order)
RIGHT_LIDS, LEFT_LIDS = ((37, 41), (38, 40)), ((44, 46), (43, 47))
"""Upper and lower point of a column, the outer column first."""
INNER_LIPS = ((61, 67), (62, 66), (63, 65))
BOW = {61: 50, 63: 52}
"""Inner lip points lie below the peaks of the upper lip's bow."""


@dataclass(frozen=True, eq=False)
class Table:
    """Places in the texture."""

    midline: float
    places: Array
    """(68, 2) u and v."""
    views: int
    """In which the mesh was found."""
    spread: Array
    """(68,) median distance of single views from the median place, before symmetry, texture sides."""


def seen_places(heads: Sequence[Path], mesh: FaceMesh) -> Array:
    """(N, 68, 2) where in the texture the mesh's points lie, a row a view in which it found a face."""
    renderer = Renderer(SIDE)
    found = []
    for number, path in enumerate(tqdm(heads, desc="views", unit="head")):
        sitter = Sitter(Avatar(path), renderer)
        views = [frontal_view(sitter, np.random.default_rng([number, view])) for view in range(VIEWS)]
        points = mesh.landmarks([view.image for view in views])
        found += [
            texture_places(view, landmarks_of_mesh(each))
            for view, each in zip(views, points, strict=True)
            if np.isfinite(each).all()
        ]
        sitter.close()
    renderer.close()
    if not found:
        raise BadInputError(f"MediaPipe found no face in {VIEWS * len(heads)} views; are these heads?")
    return np.stack(found)


def symmetric(places: Array, midline: float) -> Array:
    """(68, 2) the mean of places and their mirror image."""
    mirrored = places[MIRROR] * [-1, 1] + [2 * midline, 0]
    return np.asarray((places + mirrored) / 2)


def formed_places(avatar: Avatar, midline: float, places: Array) -> Array:
    """(68, 2) places with those that a head's form decides put where this head has them."""
    columns, slit, made = Columns(avatar), lid_slit(avatar.skin), places.copy()
    root, tip, base = (find(columns, midline) for find in (nose_root, nose_tip, nose_base))
    made[27:31] = np.column_stack([np.full(4, midline), np.linspace(root, tip, 4)])
    made[33] = midline, base
    made[36], made[39] = slit.outer, slit.inner
    for third, (upper, lower) in enumerate(RIGHT_LIDS, start=1):
        u = slit.outer[0] + third / 3 * (slit.inner[0] - slit.outer[0])
        height = (slit.outer[1] + slit.inner[1]) / 2
        margins = lid_margins(columns, u, height)
        made[[upper, lower]] = [(u, margin) for margin in margins]
    for upper, lower in INNER_LIPS[:2]:
        u = places[BOW[upper], 0] if upper in BOW else midline
        made[[upper, lower]] = [(u, edge) for edge in inner_lips(columns, u)]
    made[:9] = jaw_half(avatar, midline, made[36])
    right = [*range(9), 27, 28, 29, 30, 33, 36, 39, 37, 38, 40, 41, 61, 62, 66, 67]
    made[MIRROR[right]] = made[right] * [-1, 1] + [2 * midline, 0]
    return made


def derive_table(heads: Sequence[Path], mesh: FaceMesh) -> Table:
    """The table of some heads.

    Raises:
        BadInputError: a file is no VALID avatar, or the mesh is found in no view.
        MissingOutsideError: no MediaPipe, or no OpenGL.
    """
    seen = seen_places(heads, mesh)
    avatars = [Avatar(path) for path in heads]
    midline = float(np.median([midline_of(avatar.skin) for avatar in avatars]))
    median = np.median(seen, axis=0)
    spread = np.median(np.linalg.norm(seen - median, axis=2), axis=0)
    from_mesh = symmetric(median, midline)
    formed = np.median([formed_places(avatar, midline, from_mesh) for avatar in avatars], axis=0)
    return Table(midline, symmetric(formed, midline), len(seen), spread)


def write_table(table: Table, heads: Sequence[Path], path: Path) -> None:
    """Write the table as JSON, with where it comes from.

    Raises:
        WriteFailedError: the file cannot be written.
    """
    rows = ",\n".join(f"    [{u:.4f}, {v:.4f}]" for u, v in table.places)
    about = "by `python -m training places` from the form of the VALID avatars (MIT) and MediaPipe's mesh on "
    about += f"{table.views} frontal views of {len(heads)} of them; see training/rendered/places/derive.py"
    head = f'  "about": {json.dumps(about)},\n  "midline_u": {table.midline:.4f},\n'
    text = f'{{\n{head}  "uv": [\n{rows}\n  ]\n}}\n'
    write_whole_bytes(path, text.encode())
