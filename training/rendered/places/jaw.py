"""The jaw's line by a head's form: the edge of the lower jaw, and above it the front of the ear.

Rays go out from below the nose over the cheeks and the chin, as straight lines in the texture. Each ends
where the skin has turned away from the front or downwards, which on the jaw is its lower and hinder edge, or
where the ear begins. People who label photographs follow this line on the side that is turned to the camera;
what is hidden they replace by the outline (`contour.py`). The line is divided as the scheme's drawing divides
it: evenly, from the height of the outer eye corner to the chin.
"""

import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Avatar, Pose
from training.rendered.landmarks import locate
from training.rendered.places.profile import mesh_borders, within

Array = NDArray[np.float64]

ORIGIN_V = 0.30
"""Below the nose."""
BEGIN, END, STEP = 0.12, 0.22, 0.002
"""Of each ray, texture sides: beyond nose and lips, before the back of the neck."""
UPWARDS_DEGREES = 40.0
"""Of the highest ray, above the level."""
RAYS = 36
TURNED_DEGREES = 88.0
"""Between the skin and the front at the line: beyond it, a camera in front does not see the skin."""
DOWN_SHARE, LEAST_DOWN_DEGREES = 0.75, 30.0
"""How far downwards the skin faces at the line: of the angle at which the ray goes down, and at least. At the
chin that is its lowest place; farther out it is the edge between cheek and throat, which is rounder."""
RIGHT_EAR = (0.10, 0.24, 0.17, 0.40)
"""Where in the texture, (u, v) to (u, v), the hole is that the right ear, a piece of its own, fills."""


def jaw_half(avatar: Avatar, midline: float, eye_corner: Array) -> Array:
    """(9, 2) places in the texture on the right half, from the height of the eye corner to the chin.

    Args:
        avatar: the person.
        midline: u of the middle.
        eye_corner: (2,) place of the right eye's outer corner.
    """
    line = _edge_of_rays(avatar, midline)
    points = locate(avatar.skin, np.vstack([line, eye_corner])).on(avatar.posed(Pose())[0].positions)
    return _divided(line, points[:-1, :2], float(points[-1, 1]))


def _edge_of_rays(avatar: Avatar, midline: float) -> Array:
    """(RAYS, 2) where in the texture rays end, the highest first; one that does not, at its last place."""
    turns = np.radians(np.linspace(-UPWARDS_DEGREES, 90, RAYS))
    outwards = np.stack([-np.cos(turns), np.sin(turns)], axis=1)
    reach = np.arange(BEGIN, END, STEP)
    places = np.array([midline, ORIGIN_V]) + reach[None, :, None] * outwards[:, None]
    ended = _has_ended(avatar, places, turns)
    return np.asarray(places[np.arange(RAYS), np.where(ended.any(axis=1), ended.argmax(axis=1), -1)])


def _has_ended(avatar: Avatar, places: Array, turns: Array) -> NDArray[np.bool_]:
    """(RAYS, N) whether the face has ended at places (RAYS, N, 2) of rays that go down by turns (RAYS,)."""
    resting, on_skin = avatar.posed(Pose())[0], locate(avatar.skin, places.reshape(-1, 2))
    normals, points = (
        on_skin.on(values).reshape(*places.shape[:2], 3) for values in (resting.normals, resting.positions)
    )
    down = np.where(turns > 0, np.maximum(DOWN_SHARE * turns, np.radians(LEAST_DOWN_DEGREES)), np.pi / 2)
    away = normals[:, :, 2] < np.cos(np.radians(TURNED_DEGREES))
    below = normals[:, :, 1] < -np.sin(down)[:, None]
    return np.asarray(away | below | (points[:, :, 2] < ear_front(avatar)))


def ear_front(avatar: Avatar) -> float:
    """How far forward, z in metres, the right ear begins on a resting head."""
    ear = within(mesh_borders(avatar.skin).reshape(-1, 2), RIGHT_EAR)
    return float(locate(avatar.skin, ear).on(avatar.posed(Pose())[0].positions)[:, 2].max())


def _divided(line: Array, front: Array, height: float) -> Array:
    """(9, 2) of a line's places (N, 2), evenly as seen from the front (N, 2), from a height downwards."""
    low = height - front[:, 1]
    first = max(int(np.argmax(low > 0)), 1)
    share = float(np.clip(-low[first - 1] / (low[first] - low[first - 1]), 0, 1))
    both = np.hstack([line, front])
    begin = both[first - 1] + share * (both[first] - both[first - 1])
    kept = np.vstack([begin, both[first:]])
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(kept[:, 2:], axis=0), axis=1))])
    at = np.linspace(0, length[-1], 9)
    return np.column_stack([np.interp(at, length, axis) for axis in kept[:, :2].T])
