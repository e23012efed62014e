"""Faces whose every number is known, and what an independent projection makes of their poses."""

import time

import numpy as np

from device.contract.geometry import Box
from device.messages import messages as events
from device.signal.mean_face import mean_landmarks

WIDTH, HEIGHT, FOCAL = 640, 480, 640.0

# A face of 68 points no two of which are nearer than 8 px, so that each drawn point stands alone.
LANDMARKS = np.array([[160 + 34 * (index % 10), 120 + 34 * (index // 10)] for index in range(68)], float)


def frame_message(sequence, landmarks=LANDMARKS, pose=None, captured_ns=None, faces=None):
    """A frame with one face, or with these faces."""
    now = time.monotonic_ns()
    face = events.FaceMessage(1, 0.9, Box.around(landmarks), landmarks, np.full(68, 0.5), pose=pose)
    return events.FrameMessage(
        source="test",
        sequence=sequence,
        captured_ns=captured_ns or now,
        published_ns=now,
        frame=events.FrameInfo(WIDTH, HEIGHT),
        faces=[face] if faces is None else faces,
        timing_ms=events.TimingMs(0, 0.1, 1, 0.1, 1.3),
        model="test@00000000",
    )


def a_pose(yaw=0.0, pitch=0.0, roll=0.0, position=(0.0, 0.0, 6.0)):
    """Angles in degrees, place in eye distances."""
    return events.Pose(yaw, pitch, roll, position, FOCAL, 0.01)


def turn(axis, degrees):
    """Right-handed rotation about a camera axis: x right, y down, z away."""
    a, b = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return {
        "x": np.array([[1, 0, 0], [0, a, -b], [0, b, a]]),
        "y": np.array([[a, 0, b], [0, 1, 0], [-b, 0, a]]),
        "z": np.array([[a, -b, 0], [b, a, 0], [0, 0, 1]]),
    }[axis]


def lens_pixels(pose):
    """(2, 2) pixels of the lenses' middles."""
    # Of the head, camera axes: 0.36 eye distances to either side, 0.02 down, 0.36 towards the viewer.
    return seen_with(pose, np.array([[-0.36, 0.02, -0.36], [0.36, 0.02, -0.36]]))


def face_pixels(pose):
    """(68, 2) pixels of the mean face's landmarks."""
    return seen_with(pose, mean_landmarks())


def seen_with(pose, points):
    """(N, 2) pixels of (N, 3) points of a head: R = Ry(-yaw) Rx(-pitch) Rz(roll), then the pinhole."""
    rotation = turn("y", -pose.yaw) @ turn("x", -pose.pitch) @ turn("z", pose.roll)
    placed = points @ rotation.T + np.array(pose.position)
    middle = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    return pose.focal_px * placed[:, :2] / placed[:, 2:] + middle
