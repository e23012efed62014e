"""Head rotations as yaw, pitch and roll.

Camera axes: x to the picture's right, y down, z away from the camera; the head's axes are the same when it
looks straight into the camera. R = Ry(-yaw) Rx(-pitch) Rz(roll), degrees.
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rotation_of(yaw: float, pitch: float, roll: float) -> Array:
    """(3, 3) head axes to camera axes; degrees."""
    (sy, sp, sr), (cy, cp, cr) = (turn(np.radians([-yaw, -pitch, roll])) for turn in (np.sin, np.cos))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float64)


def angles_of(rotation: Array) -> tuple[float, float, float]:
    """Yaw, pitch and roll, degrees, of a (3, 3) rotation: the inverse of `rotation_of`."""
    (_, _, across), (tilted, upright, up), (_, _, forward) = rotation.tolist()
    angles = math.atan2(-across, forward), math.asin(min(max(up, -1.0), 1.0)), math.atan2(tilted, upright)
    yaw, pitch, roll = map(math.degrees, angles)
    return yaw, pitch, roll
