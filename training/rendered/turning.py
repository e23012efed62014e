"""A rendered head that looks around and speaks, in a loop."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Pose
from training.rendered.camera import Camera
from training.rendered.draw import Sitter
from training.rendered.renderer import Lights
from training.rendered.scene import TO_CAMERA, HeadAngles
from training.rendered.talking import DISTANCE_METRES, FACE_METRES

Array = NDArray[np.float64]

FACE_FRACTION = 0.52
"""Height of the face, of the picture's side."""

YAW_DEGREES, PITCH_DEGREES, ROLL_DEGREES = 38.0, 8.0, 5.0
"""How far the head turns."""

LOUDER = {"MouthOpen": 0.75}
"""Morphs of the mouth where it is widest open, twice in a loop."""

GROUND_TOP, GROUND_BOTTOM = np.array([96.0, 84.0, 74.0]), np.array([52.0, 44.0, 38.0])
"""BGR behind the head."""


@dataclass(frozen=True, eq=False)
class TurningHead:
    """Plays one loop, the last frame of which leads to the first."""

    sitter: Sitter
    lights: Lights
    frames: int

    def play(self) -> Iterator[NDArray[np.uint8]]:
        """(S, S, 3) BGR of every frame."""
        for number in range(self.frames):
            yield self.draw(*at(number / self.frames))

    def draw(self, angles: HeadAngles, morphs: dict[str, float]) -> NDArray[np.uint8]:
        """(S, S, 3) BGR of a head turned so, with this expression."""
        side = self.sitter.renderer.side
        meshes = self.sitter.avatar.posed(Pose(morphs))
        surfaces = [self.sitter.surface_of(mesh, (1.0, 1.0, 1.0)) for mesh in meshes]
        # The camera goes about the head; the lights go with it, so that the head seems to turn.
        lights = replace(self.lights, directions=self.lights.directions @ angles.rotation)
        drawing = self.sitter.renderer.draw(surfaces, self._camera(angles), lights)
        alpha = drawing.colour[:, :, 3:].astype(np.float32) / 255
        mixed = drawing.colour[:, :, :3] + ground(side) * (1 - alpha)
        return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)

    def _camera(self, angles: HeadAngles) -> Camera:
        """Before the face, which stands in the middle of the picture."""
        side = self.sitter.renderer.side
        focal = DISTANCE_METRES * side * FACE_FRACTION / FACE_METRES
        rotation = TO_CAMERA @ angles.rotation
        centre = self.sitter.resting.mean(axis=0)
        translation = np.array([0.0, 0.0, DISTANCE_METRES]) - rotation @ centre
        return Camera(rotation, translation, focal, ((side - 1) / 2, (side - 1) / 2), side)


def at(phase: float) -> tuple[HeadAngles, dict[str, float]]:
    """Angles and morphs of a phase of the loop, 0 to 1."""
    turn = 2 * np.pi * phase
    yaw, pitch, roll = (
        YAW_DEGREES * np.sin(turn),
        PITCH_DEGREES * np.sin(2 * turn),
        ROLL_DEGREES * np.cos(turn),
    )
    angles = HeadAngles(float(yaw), float(pitch), float(roll))
    open_mouth = max(0.0, float(np.sin(2 * turn + 1)))
    smile = max(0.0, float(np.sin(turn + 2)))
    blink = max(0.0, 1 - abs(phase - 0.42) / 0.05)
    morphs = {name: weight * open_mouth for name, weight in LOUDER.items()}
    morphs |= {"RsmileClose": smile, "LsmileClose": smile, "ReyeClose": blink, "LeyeClose": blink}
    return angles, morphs


def ground(side: int) -> NDArray[np.float32]:
    """(S, S, 3) BGR: darker towards the bottom."""
    share = np.linspace(0, 1, side)[:, None, None]
    rows = (1 - share) * GROUND_TOP + share * GROUND_BOTTOM
    return np.asarray(np.broadcast_to(rows, (side, side, 3)), np.float32)
