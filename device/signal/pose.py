"""Head pose: the rotation and position at which the mean face projects onto the landmarks.

Axes and angles are those of `device/README.md`: camera x to the picture's right, y down, z away; the head's
axes are the same when it looks straight into the camera. R = Ry(-yaw) Rx(-pitch) Rz(roll).
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from device.contract.rotation import Array, angles_of
from device.messages.messages import Pose
from device.signal.mean_face import mean_landmarks

SOLID_POINTS = np.array([0, 1, 15, 16, *range(27, 36), 36, 39, 42, 45])
"""Upper ends of the jaw line, nose, eye corners: points that no expression moves."""

NO_DISTORTION = np.zeros(4)

MAX_STEPS = 10
"""Of the least squares; starting at the last frame's pose it mostly takes one."""

CONVERGED = 0.02
"""Step, in radians and fractions of the distance, after which we stop: the next would be about its square,
which is below what a message tells."""

MAX_STEP = 0.5
"""Step from the last frame's pose beyond which that is a bad start, and another is computed."""


@dataclass(frozen=True)
class CameraIntrinsics:
    """A pinhole camera without distortion whose axis passes through the centre of the frame."""

    focal_px: float
    """Focal length, pixels."""
    centre_xy: tuple[float, float]
    """Centre of the frame, pixels."""

    @cached_property
    def centre(self) -> Array:
        """(2,) centre of the frame, pixels."""
        return np.array(self.centre_xy)

    @cached_property
    def matrix(self) -> Array:
        """(3, 3) camera axes to homogeneous pixels."""
        x, y = self.centre_xy
        return np.array([[self.focal_px, 0.0, x], [0.0, self.focal_px, y], [0.0, 0.0, 1.0]])


@lru_cache(maxsize=16)
def intrinsics_of(size_wh: tuple[int, int], view_degrees: float) -> CameraIntrinsics:
    """The intrinsics of a camera with this field of view along the frame's longer side."""
    focal_px = max(size_wh) / 2 / np.tan(np.radians(view_degrees) / 2)
    return CameraIntrinsics(float(focal_px), ((size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2))


class HeadPoseEstimate(Struct, frozen=True, eq=False):
    """Where the mean face is in front of the camera."""

    rotation: Array
    """(3, 3) head axes to camera axes."""
    position: Array
    """(3,) of the head's origin, camera axes, eye distances."""
    camera: CameraIntrinsics
    """Of the camera that sees it."""
    reprojection_error: float = 0.0
    """Root mean square distance of the projected solid points from the landmarks, eye distances."""

    @property
    def turn_degrees(self) -> float:
        """How far the head is turned from the camera, in any direction but roll."""
        return math.degrees(math.acos(min(max(self.rotation[2, 2].item(), -1.0), 1.0)))

    def back_project(self, landmarks: NDArray[np.floating]) -> Array:
        """(K, 3) points in head axes, eye distances: each landmark (K, 2) at the mean face's depth.

        An expression can then be measured as if the head looked straight into the camera.
        """
        seen = np.empty((len(landmarks), 3))
        depth = mean_landmarks() @ self.rotation[2] + self.position[2]
        seen[:, :2] = (landmarks - self.camera.centre) * (depth / self.camera.focal_px)[:, None]
        seen[:, 2] = depth
        return np.asarray((seen - self.position) @ self.rotation, np.float64)

    @property
    def message(self) -> Pose:
        """As a message of the stream."""
        x, y, z = self.position.tolist()
        return Pose(*angles_of(self.rotation), (x, y, z), self.camera.focal_px, self.reprojection_error)


@lru_cache(maxsize=1)
def _solid_points() -> Array:
    """(S, 3) of the mean face."""
    return np.ascontiguousarray(mean_landmarks()[SOLID_POINTS])


class HeadPose:
    """The pose of one head, from frame to frame."""

    def __init__(self) -> None:
        self._last: Array | None = None

    def find(self, landmarks: NDArray[np.floating], camera: CameraIntrinsics) -> HeadPoseEstimate | None:
        """The pose for (68, 2) finite landmarks in pixels; None where there is none.

        Starting at the last frame's pose takes a third of the time, and settles which of two poses that look
        alike it is.
        """
        seen = landmarks.take(SOLID_POINTS, axis=0).astype(np.float64, copy=False)
        estimate = None if self._last is None else self._refine(seen, camera, self._last, MAX_STEP)
        if estimate is not None:
            return estimate
        guess = _guess(seen, camera)
        return None if guess is None else self._refine(seen, camera, guess, math.inf)

    def _refine(
        self, seen: Array, camera: CameraIntrinsics, pose: Array, max_step: float
    ) -> HeadPoseEstimate | None:
        """Gauss-Newton least squares from a starting pose.

        None where it does not converge, or the face would look away or lie behind the camera.
        """
        self._last = None
        for _ in range(MAX_STEPS):
            projected, jacobian = cv2.projectPoints(
                _solid_points(), pose[:3], pose[3:], camera.matrix, NO_DISTORTION
            )
            off, jacobian = (seen - projected[:, 0]).reshape(-1, 1), jacobian[:, :6]
            step = cv2.solve(jacobian, off, flags=cv2.DECOMP_NORMAL | cv2.DECOMP_CHOLESKY)[1]
            pose = pose + step
            *turn, x, y, z = map(abs, step.ravel().tolist())
            distance = pose[5, 0].item()
            largest = max(*turn, max(x, y, z) / max(abs(distance), 1e-9))
            # NaN fails this too.
            if not largest < max_step:
                return None
            if largest < CONVERGED:
                rotation = np.asarray(cv2.Rodrigues(pose[:3])[0], np.float64)
                if distance <= 0 or rotation[2, 2] <= 0:
                    return None
                self._last = pose
                # The residual after the last step, which is short enough for the linear model.
                left = off - jacobian @ step
                error_px = math.sqrt(np.vdot(left, left) / len(SOLID_POINTS))
                return HeadPoseEstimate(rotation, pose[3:, 0], camera, error_px * distance / camera.focal_px)
        return None


def _guess(seen: Array, camera: CameraIntrinsics) -> Array | None:
    """(6, 1) rotation vector and position to start from, by SQPnP (Terzakis and Lourakis, ECCV 2020)."""
    solid, flags = _solid_points(), cv2.SOLVEPNP_SQPNP
    try:
        found, turn, position = cv2.solvePnP(solid, seen, camera.matrix, NO_DISTORTION, flags=flags)
    except cv2.error:
        # All points lie in one place, or on a line.
        return None
    return np.concatenate([turn, position]) if found else None
