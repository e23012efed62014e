"""How jaw labels slide over the skin as a head turns, since they mark an outline and not points of the skin.

On the near side, where the edge of the jaw is marked, the labels lie deeper than the mean face's jaw and move
down along it; on the far side the last label moves down. Both are measured on training faces: the offset of
their jaw labels from the mean face in their pose, as a linear function of the sine of the yaw.

Letters: F faces, K landmarks, J points of half a jaw, from beside the chin to the ear.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from device.signal.mean_face import mean_landmarks
from training.data.poses import with_mirror_images
from training.data.turned.head_surface import CHIN, JAW, find_poses

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JawSlide:
    """Slopes of the label offsets, eye distances per sine of yaw.

    Sideways such a slope is a depth in eye distances, since a point moves by its depth times the sine.
    """

    near_depth: Array
    """(J,) depth of the near side's labels behind the mean face's jaw."""
    near_drop: Array
    """(J,) downward motion of the near side's labels."""
    far_drop: float
    """Downward motion of the far side's last label."""


NO_SLIDE = JawSlide(np.zeros(CHIN), np.zeros(CHIN), 0.0)
"""Labels that stay at points of the skin."""


def head_axes(rotation: Array) -> tuple[Array, Array]:
    """(2,) unit vectors in the picture: sideways, from the head's right to its left, and down the head."""
    down = rotation[:2, 1] / np.linalg.norm(rotation[:2, 1])
    return np.array([down[1], -down[0]]), down


def measure_slide(faces: Array) -> JawSlide:
    """Measure the slide on labelled faces (F, K, 2) of any size and place; zero where all yaws are equal."""
    faces = with_mirror_images(np.asarray(faces, np.float64), ibug_68)
    poses, fits = find_poses(faces)
    left = JAW[CHIN + 1 :]
    offsets = (faces - poses.projected(mean_landmarks())[..., :2])[:, left] / poses.scales[:, None, None]
    axes = np.stack([np.stack(head_axes(rotation)) for rotation in poses.rotations])
    offsets = np.einsum("fad,fjd->fja", axes, offsets)[fits]
    yaw = poses.rotations[fits, 2, 0]
    # The faces include their mirror images, so the left side alone is near in half of them and far in half.
    near, far = (_slopes(np.abs(yaw[side]), offsets[side]) for side in (yaw < 0, yaw > 0))
    return JawSlide(near[:, 0], near[:, 1], float(far[-1, 1]))


def _slopes(yaw: Array, offsets: Array) -> Array:
    """(J, 2) least-squares slopes of offsets (F, J, 2) over the sines of yaw (F,)."""
    if len(yaw) < 2 or np.ptp(yaw) == 0:
        return np.zeros(offsets.shape[1:])
    centred = yaw - yaw.mean()
    return np.asarray(np.tensordot(centred, offsets, 1) / (centred @ centred), np.float64)
