"""What one picture shows, drawn at random from its seed: pose, expression, gaze, camera, light, covers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Matrix, Pose, about_x, about_y, about_z
from training.rendered.camera import Camera
from training.rendered.expressions import random_expression
from training.rendered.renderer import Lights

Array = NDArray[np.float64]

TO_CAMERA = np.diag([1.0, -1.0, -1.0])
"""From the axes of a head that faces the camera to the camera's."""
FACE_METRES = 0.15
"""Longest side of the landmarks' box of a head seen from the front."""
NEAREST_METRES = 0.3
"""Of the camera to the face: an arm bent."""
VIEW_DEGREES = (16.0, 65.0)
"""Widest and narrowest angle of the camera's view."""
FACE_FRACTION = (0.26, 0.6)
"""Smallest and largest face, of the picture's side."""
CUT_FRACTION = 0.07
"""Of the pictures in which the frame's edge may cut the face."""
YAW_BANDS = ((0.0, 30.0, 0.4), (30.0, 60.0, 0.3), (60.0, 90.0, 0.3))
"""Degrees from and to, and how often."""


@dataclass(frozen=True)
class SceneSettings:
    """How far heads are turned, degrees, and how often people wear hair that is not theirs."""

    max_yaw: float = 90.0
    max_pitch: float = 45.0
    max_roll: float = 45.0
    """180 for heads that lie or hang."""
    other_hair: float = 0.0
    """Share of the pictures in which a person wears another's hair, longer, fuller and curlier."""


@dataclass(frozen=True)
class HeadAngles:
    """How a head is turned as the camera sees it, degrees; signs as in the stream's `pose`."""

    yaw: float
    """Positive: to the person's left, the picture's right."""
    pitch: float
    """Positive: up."""
    roll: float
    """Positive: clockwise as seen."""

    @property
    def rotation(self) -> Matrix:
        """(3, 3) of the head, world axes."""
        yaw, pitch, roll = np.radians([self.yaw, self.pitch, self.roll])
        return about_y(yaw) @ about_x(-pitch) @ about_z(-roll)


def random_angles(rng: np.random.Generator, settings: SceneSettings) -> HeadAngles:
    """Every yaw as likely in its band; pitch and roll mostly small."""
    odds = np.array([band[2] for band in YAW_BANDS])
    low, high, _ = YAW_BANDS[int(rng.choice(len(odds), p=odds))]
    yaw = rng.choice([-1, 1]) * rng.uniform(low, high) * settings.max_yaw / 90
    pitch = rng.normal(0, 10) if rng.random() < 0.75 else rng.uniform(-45, 45)
    roll = rng.normal(0, 7) if rng.random() < 0.75 else rng.uniform(-settings.max_roll, settings.max_roll)
    limits = (settings.max_pitch, settings.max_roll)
    pitch, roll = (
        float(np.clip(angle, -most, most)) for angle, most in zip((pitch, roll), limits, strict=True)
    )
    return HeadAngles(float(yaw), pitch, roll)


def random_pose(rng: np.random.Generator, angles: HeadAngles) -> Pose:
    """Expression, gaze and what part of the head's turn is the neck's."""
    neck = HeadAngles(
        yaw=float(np.clip(0.3 * angles.yaw + rng.normal(0, 12), -40, 40)),
        pitch=float(np.clip(0.4 * angles.pitch + rng.normal(0, 4), -20, 20)),
        roll=float(np.clip(0.4 * angles.roll + rng.normal(0, 4), -15, 15)),
    )
    if rng.random() < 0.5:
        gaze = np.array([-angles.yaw, -angles.pitch]) + rng.normal(0, 4, 2)
    else:
        gaze = rng.normal(0, [12, 7])
    yaw, pitch = np.clip(gaze, [-28, -18], [28, 18]).tolist()
    morphs = random_expression(rng)
    for side in "RL":
        lid = f"{side}eyeClose"
        # The upper lid goes down with the eye.
        morphs[lid] = min(morphs.get(lid, 0.0) + 0.02 * max(-pitch, 0.0), 1.0)
    return Pose(morphs, (yaw, pitch), neck.rotation)


def random_camera(
    rng: np.random.Generator, angles: HeadAngles, neck: Matrix, face: Array, side: int
) -> Camera:
    """A camera that sees a head turned by some angles.

    Args:
        rng: draws focal length, distance and place in the picture.
        angles: of the head against the line from the camera to the face.
        neck: (3, 3) of the posed head, world axes.
        face: (3,) the face's middle in the world.
        side: of the picture, pixels.
    """
    middle = (side - 1) / 2
    focal = side / 2 / np.tan(np.radians(rng.uniform(*VIEW_DEGREES)) / 2)
    size = side * np.exp(rng.uniform(*np.log(FACE_FRACTION)))
    distance = max(focal * FACE_METRES / size, NEAREST_METRES)
    focal = distance * size / FACE_METRES
    spread = size if rng.random() < CUT_FRACTION else max(side - 1.35 * size, 0) / 2
    offset = np.clip(rng.normal(0, 0.1 * side, 2), -spread, spread)
    if rng.random() < CUT_FRACTION:
        offset[int(rng.integers(2))] = rng.choice([-1, 1]) * (side / 2 - size * rng.uniform(0.15, 0.5))
    ray = np.array([*(offset / focal), 1.0])
    ray /= np.linalg.norm(ray)
    rotation = _onto(ray) @ TO_CAMERA @ angles.rotation @ neck.T
    translation = ray * distance - rotation @ face
    return Camera(rotation, translation, float(focal), (middle, middle), side)


def _onto(ray: Array) -> Matrix:
    """(3, 3) the smallest rotation that takes z to a ray."""
    x, y, z = ray
    axis = np.array([-y, x, 0.0])
    cross = np.array([[0, 0, axis[1]], [0, 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + z)


def random_lights(rng: np.random.Generator, camera: Camera) -> Lights:
    """A key light mostly from the camera's side, a second one from anywhere, light from all around."""
    key = _direction(rng.uniform(-100, 100), rng.uniform(-5, 70))
    second = _direction(rng.uniform(-180, 180), rng.uniform(-30, 70))
    # From camera axes, y down, to the world.
    directions = np.stack([key, second]) @ TO_CAMERA @ camera.rotation
    strength = np.exp(rng.normal(0, 0.35))
    ambient = rng.uniform(0.25, 0.9)
    colours = np.stack(
        [
            _tint(rng) * rng.uniform(0.3, 1.0) * (1.25 - ambient),
            _tint(rng) * rng.exponential(0.18),
        ]
    )
    sky = _tint(rng) * ambient
    return Lights(
        directions, strength * colours, strength * sky, strength * sky * _tint(rng) * rng.uniform(0.4, 0.95),
        float(rng.uniform(0.3, 0.95)),
    )  # fmt: skip


def _direction(azimuth: float, elevation: float) -> Array:
    """(3,) towards a light; 0, 0 is where the camera is. x: the picture's right, y: up, z: to the camera."""
    across, up = np.radians([azimuth, elevation])
    return np.array([np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)])


def _tint(rng: np.random.Generator) -> Array:
    """(3,) RGB about 1, from candle to blue sky, seldom of another hue."""
    warmth = rng.normal(0, 0.12)
    hue = np.array([1 + warmth, 1, 1 - warmth])
    return np.asarray(np.clip(hue + rng.normal(0, 0.03, 3), 0.4, 1.7))
