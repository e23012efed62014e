"""The 68 points along the outlines that MediaPipe names: what the scheme's drawing says, no labelled picture.

MediaPipe publishes the vertices of its mesh by part of the face (`FACEMESH_LIPS`, `FACEMESH_FACE_OVAL` and
so on, Apache-2.0). The scheme ibug_68 (Sagonas et al., ICCVW 2013) divides the same outlines evenly: the jaw
from the height of the outer eye corner to the chin in eight parts, lids in thirds.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RIGHT_OVAL = (10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152)
LEFT_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152)
"""From the forehead's middle round each side of the face to the chin."""
RIGHT_BROW, LEFT_BROW = (70, 63, 105, 66, 107), (336, 296, 334, 293, 300)
"""The upper edges, from the picture's left to its right."""
BRIDGE = (168, 6, 195, 4)
NOSE_BASE = (98, 97, 2, 326, 327)
RIGHT_UPPER_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_LOWER_LID = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_UPPER_LID = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LEFT_LOWER_LID = (263, 249, 390, 373, 374, 380, 381, 382, 362)
"""From the outer corner to the inner one."""
RIGHT_UPPER_LIP, LEFT_UPPER_LIP = (61, 185, 40, 39, 37), (291, 409, 270, 269, 267)
"""Outer edge, from the corner to the peak of the bow."""
RIGHT_LOWER_LIP, LEFT_LOWER_LIP = (61, 146, 91, 181, 84, 17), (291, 375, 321, 405, 314, 17)
"""Outer edge, from the corner to the middle."""
RIGHT_INNER_UPPER, LEFT_INNER_UPPER = (78, 191, 80, 81, 82, 13), (308, 415, 310, 311, 312, 13)
RIGHT_INNER_LOWER, LEFT_INNER_LOWER = (78, 95, 88, 178, 87, 14), (308, 324, 318, 402, 317, 14)
"""Inner edges, from the corner to the middle."""
OUTER_EYE_CORNERS = (33, 263)
INNER_LIP_FRACTION = 0.55
"""Way from the inner corner to the middle at which an inner lip point lies below a peak of the bow."""


def along(line: Array, fractions: NDArray[np.floating]) -> Array:
    """(M, 2) points at fractions of the length of a line (N, 2)."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    at = fractions * length[-1]
    return np.column_stack([np.interp(at, length, axis) for axis in line.T])


def _jaw_half(oval: Array, corner: Array, down: Array) -> Array:
    """(9, 2) from the height of the eye corner to the chin, evenly."""
    low = (oval - corner) @ down
    first = int(np.argmax(low > 0))
    share = -low[first - 1] / (low[first] - low[first - 1])
    begin = oval[first - 1] + share * (oval[first] - oval[first - 1])
    return along(np.vstack([begin, oval[first:]]), np.linspace(0, 1, 9))


def landmarks_of_mesh(mesh: Array) -> Array:
    """(68, 2) points along the outlines of a mesh (at least 468, 2), in its unit."""
    corners = mesh[list(OUTER_EYE_CORNERS)]
    across = (corners[1] - corners[0]) / max(float(np.linalg.norm(corners[1] - corners[0])), 1e-9)
    down = np.array([-across[1], across[0]])
    right_jaw = _jaw_half(mesh[list(RIGHT_OVAL)], corners[0], down)
    left_jaw = _jaw_half(mesh[list(LEFT_OVAL)], corners[1], down)
    thirds, halves = np.array([1, 2]) / 3, np.array([0.5, 1.0])

    def line(indices: tuple[int, ...], at: NDArray[np.floating]) -> Array:
        return along(mesh[list(indices)], at)

    inner = np.array([INNER_LIP_FRACTION])
    return np.concatenate(
        [
            right_jaw,
            left_jaw[-2::-1],
            mesh[list(RIGHT_BROW)],
            mesh[list(LEFT_BROW)],
            mesh[list(BRIDGE)],
            mesh[list(NOSE_BASE)],
            mesh[[33]], line(RIGHT_UPPER_LID, thirds), mesh[[133]], line(RIGHT_LOWER_LID, thirds[::-1]),
            mesh[[362]], line(LEFT_UPPER_LID, thirds[::-1]), mesh[[263]], line(LEFT_LOWER_LID, thirds),
            mesh[[61]], line(RIGHT_UPPER_LIP, halves), mesh[[0]],
            line(LEFT_UPPER_LIP, halves[::-1]), mesh[[291]],
            line(LEFT_LOWER_LIP, thirds), mesh[[17]], line(RIGHT_LOWER_LIP, thirds[::-1]),
            mesh[[78]], line(RIGHT_INNER_UPPER, inner), mesh[[13]],
            line(LEFT_INNER_UPPER, inner), mesh[[308]],
            line(LEFT_INNER_LOWER, inner), mesh[[14]], line(RIGHT_INNER_LOWER, inner),
        ]
    )  # fmt: skip
