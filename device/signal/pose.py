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

from device.events import Pose
from device.signal.mean_face import mean_landmarks

Array = NDArray[np.float64]

Guess = tuple[Array, Array]
"""Rotation vector (3, 1) and position (3, 1)."""

SOLID_POINTS = np.array([0, 1, 15, 16, *range(27, 36), 36, 39, 42, 45])
"""Ears' end of the jaw line, nose, eye corners: no expression moves them."""

NO_DISTORTION = np.zeros(4)

MOST_STEPS = 10
"""Of least squares; from the last frame's pose it takes two."""

STEADY = 1e-3
"""Step, radians and eye distances, after which the next would be about its square: too small to matter."""


@dataclass(frozen=True)
class Lens:
    """A pinhole camera without distortion, looking through the middle of the frame."""

    focal_px: float
    """Distance of the picture plane, pixels."""
    centre_xy: tuple[float, float]
    """Middle of the frame, pixels."""

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


@dataclass(frozen=True, eq=False)
class Placed:
    """The mean face in front of a lens."""

    rotation: Array
    """(3, 3) head axes to camera axes."""
    position: Array
    """(3,) of the head's origin, camera axes, eye distances."""
    lens: Lens
    """Through which it is seen."""

    @property
    def turn_degrees(self) -> float:
        """How far the head is turned from the camera, in any direction but roll."""
        return math.degrees(math.acos(min(max(self.rotation[2, 2].item(), -1.0), 1.0)))

    def project(self, points: Array) -> Array:
        """(N, 3) head axes to (N, 2) pixels."""
        seen = points @ self.rotation.T + self.position
        return np.asarray(seen[:, :2] / seen[:, 2:] * self.lens.focal_px + self.lens.centre_xy, np.float64)

    def lift(self, landmarks: NDArray[np.floating]) -> Array:
        """(K, 3) head axes, eye distances: each point (K, 2) at the depth of the mean face's.

        So an expression can be read as if the head looked straight into the camera.
        """
        seen = np.empty((len(landmarks), 3))
        depth = mean_landmarks() @ self.rotation[2] + self.position[2]
        seen[:, :2] = (landmarks - self.lens.centre_xy) * (depth / self.lens.focal_px)[:, None]
        seen[:, 2] = depth
        return np.asarray((seen - self.position) @ self.rotation, np.float64)

    def misfit(self, landmarks: NDArray[np.floating]) -> float:
        """Root mean square distance of the solid points from the picture's, eye distances."""
        off = self.project(_solid_points()) - landmarks[SOLID_POINTS]
        return math.sqrt(np.vdot(off, off) / len(off)) * self.position[2].item() / self.lens.focal_px

    def message(self, landmarks: NDArray[np.floating]) -> Pose:
        """As the stream says it."""
        x, y, z = self.position.tolist()
        return Pose(*angles_of(self.rotation), (x, y, z), self.lens.focal_px, self.misfit(landmarks))


@lru_cache(maxsize=1)
def _solid_points() -> Array:
    """(S, 3) of the mean face."""
    return np.ascontiguousarray(mean_landmarks()[SOLID_POINTS])


class HeadPose:
    """The pose of one head, from frame to frame."""

    def __init__(self) -> None:
        """Not seen yet."""
        self._last: Guess | None = None

    def find(self, landmarks: NDArray[np.floating], lens: Lens) -> Placed | None:
        """The mean face under (68, 2) finite landmarks in pixels; None where it cannot lie there.

        It begins at the last frame's pose: a third of the time, and of two poses that look alike the one before.
        """
        seen = np.ascontiguousarray(landmarks[SOLID_POINTS], np.float64)
        self._last = (self._last and _refined(seen, lens, self._last)) or _afresh(seen, lens)
        if self._last is None:
            return None
        turn, position = self._last
        return Placed(_matrix_of(turn), position.ravel(), lens)


def _matrix_of(turn: Array) -> Array:
    """(3, 3) of a rotation vector."""
    return np.asarray(cv2.Rodrigues(turn)[0], np.float64)


def _afresh(seen: Array, lens: Lens) -> Guess | None:
    """From nothing: SQPnP (Terzakis and Lourakis, ECCV 2020), then least squares."""
    solid, flags = _solid_points(), cv2.SOLVEPNP_SQPNP
    try:
        found, turn, position = cv2.solvePnP(solid, seen, lens.matrix, NO_DISTORTION, flags=flags)
    except cv2.error:
        # Points that lie all in one place, or on a line.
        return None
    return _refined(seen, lens, (turn, position)) if found else None


def _refined(seen: Array, lens: Lens, begin: Guess) -> Guess | None:
    """Least squares from a guess, by Gauss and Newton.

    None where it does not settle, or the face would look away or lie behind the camera.
    """
    pose, solid = np.concatenate(begin), _solid_points()
    for _ in range(MOST_STEPS):
        shown, slopes = cv2.projectPoints(solid, pose[:3], pose[3:], lens.matrix, NO_DISTORTION)
        off = (seen - shown[:, 0]).reshape(-1, 1)
        solved, step = cv2.solve(slopes[:, :6], off, flags=cv2.DECOMP_NORMAL | cv2.DECOMP_CHOLESKY)
        pose = pose + step
        largest = max(map(abs, step.ravel().tolist()))
        if not (solved and math.isfinite(largest)):
            return None
        if largest < STEADY:
            turn, position = pose[:3], pose[3:]
            return (turn, position) if position[2, 0] > 0 and _matrix_of(turn)[2, 2] > 0 else None
    return None
