"""A head's pose in OpenSeeFace's axes and units.

The camera's axes are row, column, away. The head's axes are to the picture's left, up, towards the camera;
its origin is the tip of the nose. The focal length is one frame width. The head lies *behind* the camera
(its depth is negative) and is seen upside down and mirrored: receivers rely on that, as OpenSee.cs negates
the position.
"""

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from device.contract.rotation import rotation_of
from device.messages.messages import Pose
from device.signal.mean_face import mean_landmarks

Array = NDArray[np.float64]

UNITS_PER_EYE_DISTANCE = 0.62
"""OpenSeeFace's unit of length: in its 3D points the outer eye corners are 0.62 apart, as measured."""

TO_OSF_CAMERA = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
"""Our camera axes (right, down, away) to OpenSeeFace's (row, column, away)."""

BEHIND = np.diag([1.0, 1.0, -1.0])
"""Turns a head before the camera into the one behind it that looks the same, but for perspective."""

YAW_GAIN, PITCH_GAIN = 1.35 / 0.74, 1.38 / 0.93
"""How much farther OpenSeeFace turns a head than we do.

Against MediaPipe's angles on the same video, its yaw and pitch have slopes of 1.35 and 1.38, ours of 0.74
and 0.93.
"""

PITCH_OFFSET_DEGREES = 13.0
"""Pitch at which OpenSeeFace sees a head that looks straight into the camera.

10 to 17 degrees were measured. Half of it comes from its camera matrix, which takes the middle of the
columns for that of the rows; the rest from its model of the head.
"""


MAX_DEGREES = 89.0
"""Beyond it a receiver's angles would jump to the other side."""


def rotation_in_osf(yaw: float, pitch: float, roll: float) -> Array:
    """(3, 3) OpenSeeFace's head axes to its camera axes; our angles, degrees."""
    return np.asarray(BEHIND @ TO_OSF_CAMERA @ rotation_of(yaw, pitch, roll), np.float64)


def exaggerated(pose: Pose) -> tuple[float, float, float]:
    """Yaw, pitch and roll, degrees, that OpenSeeFace would report of a head in this pose."""
    yaw, pitch = YAW_GAIN * pose.yaw, PITCH_GAIN * pose.pitch + PITCH_OFFSET_DEGREES
    yaw, pitch = np.clip([yaw, pitch], -MAX_DEGREES, MAX_DEGREES).tolist()
    return yaw, pitch, pose.roll


def position_in_osf(pose: Pose, size_wh: tuple[int, int]) -> Array:
    """(3,) of the tip of the nose in OpenSeeFace's camera axes, its units; the depth is negative.

    The distance is scaled so that the head has the same size in the frame for a focal length of one width.
    """
    turned = rotation_of(pose.yaw, pose.pitch, pose.roll) @ mean_landmarks()[ibug_68.nose_tip]
    nose = np.array(pose.position) + turned
    nose[2] *= size_wh[0] / pose.focal_px
    return np.asarray(-(TO_OSF_CAMERA @ nose) * UNITS_PER_EYE_DISTANCE, np.float64)


def points_in_osf(landmarks: NDArray[np.floating], pose: Pose, size_wh: tuple[int, int]) -> Array:
    """(68, 3) in OpenSeeFace's head axes and units: each of the (68, 2) points at the mean face's depth.

    The face is scaled to have the usual distance between the outer corners of its eyes; where those are in
    one place, all points are.
    """
    from device.signal.pose import CameraIntrinsics, HeadPoseEstimate

    width, height = size_wh
    camera = CameraIntrinsics(pose.focal_px, ((width - 1) / 2, (height - 1) / 2))
    rotation = rotation_of(pose.yaw, pose.pitch, pose.roll)
    head = HeadPoseEstimate(rotation, np.array(pose.position), camera).back_project(landmarks)
    # All three of its axes are opposite to ours.
    points = head[ibug_68.nose_tip] - head
    right, left = points[list(ibug_68.outer_eye_corners)]
    apart = float(np.linalg.norm(left - right))
    return np.asarray(points * (UNITS_PER_EYE_DISTANCE / apart if apart > 1e-6 else 0.0), np.float64)


def angles_of(rotation: NDArray[np.floating]) -> tuple[float, float, float]:
    """Degrees of `cv2.RQDecomp3x3`; of the two equivalent triples the one with abs(y) <= 90."""
    import cv2

    x, y, z = (float(angle) for angle in cv2.RQDecomp3x3(rotation)[0])
    return (x, y, z) if abs(y) <= 90 else (x + 180, 180 - y, z + 180)
