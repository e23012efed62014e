"""How labels of the jaw move as a head turns: they are of an outline, not of spots on the skin.

The mean face's jaw lies between where the near and where the far side's labels go. On the near side, where
the jaw's own edge is marked, it lies deeper, and marks come down along it; on the far side they begin lower.
All is measured from the training faces: where their jaw labels lie relative to the mean face in their pose,
by how far they are turned.

Letters: F faces, K landmarks, J points of half a jaw, from the chin's neighbour to the ear.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from device.signal.mean_face import mean_landmarks
from training.data.turned.head_surface import CHIN, JAW, find_poses
from training.export.mean_face import with_mirror_images

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JawSlide:
    """Eye distances, or eye distances per sine of yaw: a spot moves by its depth times that sine."""

    deeper: Array
    """(J,) of the near side's jaw behind the mean face's."""
    lower: Array
    """(J,) by how much its labels come down."""
    far_top: float
    """Of the far side's last label: down."""


NO_SLIDE = JawSlide(np.zeros(CHIN), np.zeros(CHIN), 0.0)
"""Of a solid."""


def head_axes(rotation: Array) -> tuple[Array, Array]:
    """(2,) the head's own right-to-left and its downwards in the picture, unit lengths."""
    down = rotation[:2, 1] / np.linalg.norm(rotation[:2, 1])
    return np.array([down[1], -down[0]]), down


def measure_slide(faces: Array) -> JawSlide:
    """The slide of labelled faces (F, K, 2), any size and place; none where no two of them are turned."""
    faces = with_mirror_images(np.asarray(faces, np.float64), ibug_68)
    poses, fits = find_poses(faces)
    left = JAW[CHIN + 1 :]
    off = (faces - poses.projected(mean_landmarks())[..., :2])[:, left] / poses.scales[:, None, None]
    axes = np.stack([np.stack(head_axes(rotation)) for rotation in poses.rotations])
    off = np.einsum("fad,fjd->fja", axes, off)[fits]
    yaw = poses.rotations[fits, 2, 0]
    # Mirror images are among the faces: of the left side alone, half are near and half far.
    near, far = (_slopes(np.abs(yaw[side]), off[side]) for side in (yaw < 0, yaw > 0))
    return JawSlide(near[:, 0], near[:, 1], float(far[-1, 1]))


def _slopes(yaw: Array, off: Array) -> Array:
    """(J, 2) least squares slopes of offsets (F, J, 2) over (F,) sines of yaw."""
    if len(yaw) < 2 or np.ptp(yaw) == 0:
        return np.zeros(off.shape[1:])
    centred = yaw - yaw.mean()
    return np.asarray(np.tensordot(centred, off, 1) / (centred @ centred), np.float64)
