"""The jaw's line by a head's form: where the face, followed outwards, has turned away from the front.

Rays go out from below the nose over the cheeks and the chin, as straight lines in the texture. The line is
divided as the scheme's drawing divides it: evenly, from the height of the outer eye corner to the chin.
"""

import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Avatar, Pose
from training.rendered.landmarks import locate

Array = NDArray[np.float64]

ORIGIN_V = 0.30
"""Below the nose."""
BEGIN, END, STEP = 0.1, 0.22, 0.002
"""Of each ray, texture sides: beyond nose and lips, before the back of the neck."""
UPWARDS_DEGREES = 40.0
"""Of the highest ray, above the level."""
RAYS = 36
TURNED_DEGREES = 75.0
"""Between the skin and the front at the line: beyond it, a camera in front sees the skin edge on."""


def jaw_half(avatar: Avatar, midline: float, eye_corner: Array) -> Array:
    """(9, 2) places in the texture on the right half, from the height of the eye corner to the chin.

    Args:
        avatar: the person.
        midline: u of the middle.
        eye_corner: (2,) place of the right eye's outer corner.
    """
    turns = np.radians(np.linspace(-UPWARDS_DEGREES, 90, RAYS))
    reach = np.arange(BEGIN, END, STEP)
    outwards = np.stack([-np.cos(turns), np.sin(turns)], axis=1)
    places = np.array([midline, ORIGIN_V]) + reach[None, :, None] * outwards[:, None]
    resting = avatar.posed(Pose())[0]
    on_skin = locate(avatar.skin, places.reshape(-1, 2))
    faces_front = on_skin.on(resting.normals)[:, 2].reshape(RAYS, -1)
    turned = faces_front < np.cos(np.radians(TURNED_DEGREES))
    edge = np.where(turned.any(axis=1), turned.argmax(axis=1), -1)
    line = places[np.arange(RAYS), edge]
    points = locate(avatar.skin, np.vstack([line, eye_corner])).on(resting.positions)
    return _divided(line, points[:-1, :2], float(points[-1, 1]))


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
