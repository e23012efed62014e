"""Head pose: the mean face, turned and shifted until it lies under the points.

Axes and angles are those of `device/README.md`: camera x to the picture's right, y down, z away; the head's
axes are the same when it looks straight into the camera. R = Ry(-yaw) Rx(-pitch) Rz(roll).
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.rotation import Array, angles_of
from device.messages.messages import Pose
from device.signal.mean_face import mean_landmarks

SOLID_POINTS = np.array([0, 1, 15, 16, *range(27, 36), 36, 39, 42, 45])
"""Ears' end of the jaw line, nose, eye corners: no expression moves them."""

NO_DISTORTION = np.zeros(4)

MOST_STEPS = 10
"""Of least squares; from the last frame's pose it takes one or two."""

STEADY = 5e-3
"""Step, radians and shares of the distance, after which the next is too small to tell: about its square."""

LARGEST_STEP = 0.5
"""Step from the last frame's pose beyond which that leads astray: the head is looked at afresh."""


@dataclass(frozen=True)
class Lens:
    """A pinhole camera without distortion, looking through the middle of the frame."""

    focal_px: float
    """Distance of the picture plane, pixels."""
    centre_xy: tuple[float, float]
    """Middle of the frame, pixels."""

    @cached_property
    def centre(self) -> Array:
        """(2,) middle of the frame, pixels."""
        return np.array(self.centre_xy)

    @cached_property
    def matrix(self) -> Array:
        """(3, 3) camera axes to homogeneous pixels."""
        x, y = self.centre_xy
        return np.array([[self.focal_px, 0.0, x], [0.0, self.focal_px, y], [0.0, 0.0, 1.0]])


@lru_cache(maxsize=16)
def lens_of(size_wh: tuple[int, int], view_degrees: float) -> Lens:
    """The lens that shows so many degrees along the frame's longer side."""
    focal_px = max(size_wh) / 2 / np.tan(np.radians(view_degrees) / 2)
    return Lens(float(focal_px), ((size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2))


@dataclass(frozen=True, eq=False)
class Placed:
    """The mean face in front of a lens."""

    rotation: Array
    """(3, 3) head axes to camera axes."""
    position: Array
    """(3,) of the head's origin, camera axes, eye distances."""
    lens: Lens
    """Through which it is seen."""
    misfit: float = 0.0
    """Root mean square distance of the solid points from the picture's, eye distances."""

    @property
    def turn_degrees(self) -> float:
        """How far the head is turned from the camera, in any direction but roll."""
        return math.degrees(math.acos(min(max(self.rotation[2, 2].item(), -1.0), 1.0)))

    def lift(self, landmarks: NDArray[np.floating]) -> Array:
        """(K, 3) head axes, eye distances: each point (K, 2) at the depth of the mean face's.

        So an expression can be read as if the head looked straight into the camera.
        """
        seen = np.empty((len(landmarks), 3))
        depth = mean_landmarks() @ self.rotation[2] + self.position[2]
        seen[:, :2] = (landmarks - self.lens.centre) * (depth / self.lens.focal_px)[:, None]
        seen[:, 2] = depth
        return np.asarray((seen - self.position) @ self.rotation, np.float64)

    @property
    def message(self) -> Pose:
        """As the stream says it."""
        x, y, z = self.position.tolist()
        return Pose(*angles_of(self.rotation), (x, y, z), self.lens.focal_px, self.misfit)


@lru_cache(maxsize=1)
def _solid_points() -> Array:
    """(S, 3) of the mean face."""
    return np.ascontiguousarray(mean_landmarks()[SOLID_POINTS])


class HeadPose:
    """The pose of one head, from frame to frame."""

    def __init__(self) -> None:
        """Not seen yet."""
        self._last: Array | None = None

    def find(self, landmarks: NDArray[np.floating], lens: Lens) -> Placed | None:
        """The mean face under (68, 2) finite landmarks in pixels; None where it cannot lie there.

        It begins at the last frame's pose: a third of the time, and of two poses that look alike the one
        before.
        """
        seen = landmarks.take(SOLID_POINTS, axis=0).astype(np.float64, copy=False)
        placed = None if self._last is None else self._settle(seen, lens, self._last, LARGEST_STEP)
        if placed is not None:
            return placed
        guess = _guess(seen, lens)
        return None if guess is None else self._settle(seen, lens, guess, math.inf)

    def _settle(self, seen: Array, lens: Lens, pose: Array, largest_step: float) -> Placed | None:
        """Least squares from a pose, by Gauss and Newton.

        None where it does not settle, or the face would look away or lie behind the camera.
        """
        self._last = None
        for _ in range(MOST_STEPS):
            shown, slopes = cv2.projectPoints(_solid_points(), pose[:3], pose[3:], lens.matrix, NO_DISTORTION)
            off, slopes = (seen - shown[:, 0]).reshape(-1, 1), slopes[:, :6]
            step = cv2.solve(slopes, off, flags=cv2.DECOMP_NORMAL | cv2.DECOMP_CHOLESKY)[1]
            pose = pose + step
            *turn, x, y, z = map(abs, step.ravel().tolist())
            distance = pose[5, 0].item()
            largest = max(*turn, max(x, y, z) / max(abs(distance), 1e-9))
            # What is no number fails this too.
            if not largest < largest_step:
                return None
            if largest < STEADY:
                rotation = np.asarray(cv2.Rodrigues(pose[:3])[0], np.float64)
                if distance <= 0 or rotation[2, 2] <= 0:
                    return None
                self._last = pose
                # What the last step leaves, which is too short to bend anything.
                left = off - slopes @ step
                misfit_px = math.sqrt(np.vdot(left, left) / len(SOLID_POINTS))
                return Placed(rotation, pose[3:, 0], lens, misfit_px * distance / lens.focal_px)
        return None


def _guess(seen: Array, lens: Lens) -> Array | None:
    """(6, 1) rotation vector and position from nothing: SQPnP (Terzakis and Lourakis, ECCV 2020)."""
    solid, flags = _solid_points(), cv2.SOLVEPNP_SQPNP
    try:
        found, turn, position = cv2.solvePnP(solid, seen, lens.matrix, NO_DISTORTION, flags=flags)
    except cv2.error:
        # Points that lie all in one place, or on a line.
        return None
    return np.concatenate([turn, position]) if found else None
