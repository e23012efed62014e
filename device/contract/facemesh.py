"""MediaPipe's face mesh and our 68 points: which vertex lies where.

Of each of our points the vertex that lies nearest to it on photographs of faces turned to the camera, alike
on both sides of the face; the jaw's line has no vertices of its own in the mesh, whose edge is drawn farther
out. `tests/device/client/test_facemesh.py` measures how near they are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError

MESH_VERTICES = 468
"""Of the mesh; with the irises, 478."""

FACEMESH_OF_IBUG_68 = (
    127, 234, 177, 215, 172, 136, 149, 148, 152, 377, 378, 365, 397, 435, 401, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 195, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""The vertex of each of the 68 points of scheme `ibug_68`: jaw, brows, nose, eyes, outer and inner lips."""


def from_facemesh(mesh: Sequence[Any] | NDArray[np.floating]) -> NDArray[np.float64]:
    """(68, C) points of scheme `ibug_68`, of a mesh (468 or 478, C), such as x, y and z.

    Raises:
        BadInputError: another number of vertices.
    """
    vertices = np.asarray(mesh, np.float64)
    if vertices.ndim != 2 or len(vertices) < MESH_VERTICES:
        raise BadInputError(f"a face mesh of shape {vertices.shape}, wanted {MESH_VERTICES} or 478 vertices")
    return vertices[list(FACEMESH_OF_IBUG_68)]
