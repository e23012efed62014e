"""The camera: from head axes to pixels by a rotation and one scale for all depths (weak perspective)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box
from training.data.synthetic.traits import Pose


def turn_of(pose: Pose) -> NDArray[np.float64]:
    """(3, 3) rotation without roll: yaw about the head's own axis, then pitch."""
    sine, cosine = np.sin(pose.yaw), np.cos(pose.yaw)
    yaw = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    sine, cosine = np.sin(pose.pitch), np.cos(pose.pitch)
    pitch = np.array([[1, 0, 0], [0, cosine, sine], [0, -sine, cosine]])
    return pitch @ yaw


def rotation_of(pose: Pose) -> NDArray[np.float64]:
    """(3, 3) head axes to camera axes: yaw, pitch, then roll in the picture."""
    sine, cosine = np.sin(pose.roll), np.cos(pose.roll)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ turn_of(pose)


@dataclass(frozen=True, eq=False)
class Camera:
    """Orientation, size and position of the head in the picture."""

    rotation: NDArray[np.float64]
    """(3, 3) head axes to camera axes."""
    scale: float
    """Pixels per centimetre."""
    offset_xy: tuple[float, float]
    """Pixel where the origin of the head axes lies."""

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 3) centimetres to (..., 3): x and y in pixels, z in pixels towards the camera."""
        return points @ (self.scale * self.rotation.T) + np.array([*self.offset_xy, 0.0])


def aim_camera(
    pose: Pose, landmarks: NDArray[np.floating], size_px: float, centre_xy: tuple[float, float]
) -> Camera:
    """A camera that shows (68, 3) landmarks in a tight box of longest side `size_px` about `centre_xy`."""
    rotation = rotation_of(pose)
    box = Box.around(landmarks @ rotation[:2].T)
    scale = size_px / box.longest_side
    box_centre = np.asarray(box.centre_xy) * scale
    return Camera(rotation, scale, (centre_xy[0] - box_centre[0], centre_xy[1] - box_centre[1]))
