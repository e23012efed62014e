"""A rendered head that makes one known expression after the other, looking straight into the camera."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Pose
from training.rendered.camera import Camera
from training.rendered.draw import Sitter
from training.rendered.renderer import Lights
from training.rendered.scene import TO_CAMERA

Array = NDArray[np.float64]

REST_SECONDS, EXPRESSION_SECONDS = 1.5, 1.2
"""Before the first expression, and for each, which comes and goes within it."""

DISTANCE_METRES = 0.6
FACE_METRES, FACE_FRACTION = 0.15, 0.5
"""Height of a face, and what it fills of the picture's side."""

GROUND = 110
"""Grey level behind the head."""


@dataclass(frozen=True)
class Expression:
    """One known expression."""

    name: str
    """For people."""
    morphs: Mapping[str, float]
    """Weights of the head's morphs at its height."""


def _both(name: str) -> dict[str, float]:
    """A morph of the right and the left half, at full weight."""
    return {"R" + name: 1.0, "L" + name: 1.0}


def _brows(name: str, weight: float) -> dict[str, float]:
    """The inner and the outer morphs of both brows."""
    return dict.fromkeys([inner_or_outer + name for inner_or_outer in ("R", "L", "RR", "LL")], weight)


BROWS_UP, BROWS_DOWN = 3.0, 2.0
"""Weights at which brows move by some 5 mm, as people's do: at 1 the heads' own raise them by 1.5 mm."""


SCRIPT = (
    Expression("eyes closed", _both("eyeClose")),
    Expression("brows up", _brows("browUp", BROWS_UP)),
    Expression("brows down", _brows("browDown", BROWS_DOWN)),
    Expression("inner brows up", _both("sad")),
    Expression("smile", _both("smileClose")),
    Expression("corners of the mouth down", _both("mouthSad")),
    Expression("mouth open", {"MouthOpen": 1.0}),
    Expression("kiss", {"Kiss": 1.0}),
)


@dataclass(frozen=True, eq=False)
class TalkingFrame:
    """One frame with what is known of it."""

    seconds: float
    """Since the first one."""
    image: NDArray[np.uint8]
    """(S, S, 3) BGR."""
    points: Array
    """(68, 3) metres, in the axes of the head: to the subject's left, up, out of the face."""
    expression: str
    """Name of the one that is made; empty at rest."""
    height: float
    """How much of it is made, 0 to 1."""


@dataclass(frozen=True, eq=False)
class TalkingHead:
    """Plays the script."""

    sitter: Sitter
    lights: Lights
    fps: float = 10.0

    @property
    def frames(self) -> int:
        """How many frames the script has."""
        return round((REST_SECONDS + len(SCRIPT) * EXPRESSION_SECONDS) * self.fps)

    def play(self) -> Iterator[TalkingFrame]:
        """Every frame."""
        camera = self._camera()
        for number in range(self.frames):
            seconds = number / self.fps
            expression, height = at(seconds)
            morphs = {} if expression is None else {name: height * w for name, w in expression.morphs.items()}
            meshes = self.sitter.avatar.posed(Pose(morphs))
            drawing = self.sitter.renderer.draw(
                [self.sitter.surface_of(mesh, (1.0, 1.0, 1.0)) for mesh in meshes], camera, self.lights
            )
            alpha = drawing.colour[:, :, 3:].astype(np.float32) / 255
            image = np.clip(drawing.colour[:, :, :3] + GROUND * (1 - alpha) + 0.5, 0, 255).astype(np.uint8)
            points = self.sitter.points.on(meshes[0].positions)
            yield TalkingFrame(seconds, image, points, expression.name if expression else "", height)

    def _camera(self) -> Camera:
        """Straight before the resting face."""
        side = self.sitter.renderer.side
        focal = DISTANCE_METRES * side * FACE_FRACTION / FACE_METRES
        middle = self.sitter.resting.mean(axis=0)
        translation = np.array([0.0, 0.0, DISTANCE_METRES]) - TO_CAMERA @ middle
        return Camera(TO_CAMERA, translation, focal, ((side - 1) / 2, (side - 1) / 2), side)


def at(seconds: float) -> tuple[Expression | None, float]:
    """The expression of an instant, and how much of it is made."""
    number, part = divmod(seconds - REST_SECONDS, EXPRESSION_SECONDS)
    if not 0 <= number < len(SCRIPT):
        return None, 0.0
    return SCRIPT[int(number)], float(1 - np.cos(2 * np.pi * part / EXPRESSION_SECONDS)) / 2


def room_lights() -> Lights:
    """A room: a window before the face and to its side, a wall behind the camera."""
    directions = np.array([[0.4, 0.3, 0.87], [-0.6, 0.2, 0.77]])
    white = np.ones(3)
    return Lights(directions, np.stack([0.6 * white, 0.2 * white]), 0.5 * white, 0.4 * white, 0.6)
