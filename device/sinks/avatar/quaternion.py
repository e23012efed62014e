"""Quaternions, x, y, z, w, of rotation matrices."""

import numpy as np
from numpy.typing import NDArray

Quaternion = tuple[float, float, float, float]


def quaternion_of(rotation: NDArray[np.floating]) -> Quaternion:
    """x, y, z, w of a (3, 3) rotation, the largest of them positive.

    Of the two equivalent quaternions that is the one of the usual conversion, which divides by the largest
    part (Shepperd 1978).
    """
    # The eigenvector of the largest eigenvalue (Bar-Itzhack 2000), which never divides by zero.
    m = rotation
    lower = np.array([
        [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
        [m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
        [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1], 0],
        [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m.trace()],
    ])  # fmt: skip
    x, y, z, w = np.linalg.eigh(lower)[1][:, -1].tolist()
    return _negated((x, y, z, w)) if max((x, y, z, w), key=abs) < 0 else (x, y, z, w)


def near(quaternion: Quaternion, last: Quaternion | None) -> Quaternion:
    """The same rotation, as the one of its two quaternions that is nearer to the last one.

    A receiver that interpolates between two frames would otherwise turn the long way round.
    """
    if last is None or np.dot(quaternion, last) >= 0:
        return quaternion
    return _negated(quaternion)


def _negated(quaternion: Quaternion) -> Quaternion:
    x, y, z, w = quaternion
    return (-x, -y, -z, -w)
