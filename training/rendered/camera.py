"""A pinhole camera.

Camera axes: x to the picture's right, y down, z forwards; metres. In a picture (0, 0) is the centre of
the top left pixel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEAR_METRES, FAR_METRES = 0.05, 20.0


@dataclass(frozen=True, eq=False)
class Camera:
    """Where a camera stands and what it sees."""

    rotation: Array
    """(3, 3) from world to camera axes."""
    translation: Array
    """(3,) the world's origin in camera axes."""
    focal: float
    """Focal length, pixels."""
    centre: tuple[float, float]
    """Principal point, pixels."""
    side: int
    """Width and height of the picture, pixels."""

    def to_camera(self, points: NDArray[np.floating]) -> Array:
        """(N, 3) world points in camera axes."""
        return np.asarray(points @ self.rotation.T + self.translation, np.float64)

    def project(self, points: NDArray[np.floating]) -> Array:
        """(N, 2) pixels of (N, 3) world points."""
        seen = self.to_camera(points)
        return np.asarray(self.focal * seen[:, :2] / seen[:, 2:] + self.centre, np.float64)

    @property
    def position(self) -> Array:
        """(3,) of the camera in the world."""
        return np.asarray(-self.rotation.T @ self.translation, np.float64)

    def clip_matrix(self) -> NDArray[np.float32]:
        """(4, 4) from the world to OpenGL's clip space: y up, -1 and 1 at the outer edges of the pixels."""
        near, far = NEAR_METRES, FAR_METRES
        x, y = ((2 * place + 1) / self.side - 1 for place in self.centre)
        focal = 2 * self.focal / self.side
        lens = np.array(
            [
                [focal, 0, x, 0],
                [0, -focal, -y, 0],
                [0, 0, (far + near) / (far - near), -2 * far * near / (far - near)],
                [0, 0, 1, 0],
            ]
        )
        place = np.eye(4)
        place[:3, :3], place[:3, 3] = self.rotation, self.translation
        return np.asarray(lens @ place, np.float32)


def depth_in_metres(depth: NDArray[np.floating]) -> Array:
    """Distance along the camera's axis of what a depth buffer (0 to 1) holds."""
    near, far = NEAR_METRES, FAR_METRES
    return np.asarray(2 * far * near / (far + near - (2 * np.asarray(depth, np.float64) - 1) * (far - near)))
