"""A photograph that makes the talking head's expressions: landmarks are moved, and the picture with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from device.contract.geometry import Box, Image
from device.contract.landmarks import ibug_68
from device.contract.metrics import interocular_distance
from training.rendered.talking import EXPRESSION_SECONDS, REST_SECONDS, SCRIPT, TalkingFrame, at

Array = NDArray[np.float64]

Move = tuple[tuple[int, ...], float, float]
"""Points, and where they go: to the subject's left and down, eye distances."""

MOVES: Mapping[str, tuple[Move, ...]] = {
    "eyes closed": (((37, 38, 43, 44), 0.0, 0.08),),
    "brows up": ((tuple(range(17, 27)), 0.0, -0.1),),
    "brows down": ((tuple(range(17, 27)), 0.0, 0.08),),
    "inner brows up": (((20, 21, 22, 23), 0.0, -0.08),),
    "smile": (((54, 64), 0.07, -0.07), ((48, 60), -0.07, -0.07)),
    "corners of the mouth down": (((48, 54, 60, 64), 0.0, 0.07),),
    "mouth open": (((*range(55, 60), 65, 66, 67, *range(6, 11)), 0.0, 0.2),),
    "kiss": (((53, 54, 55, 63, 64, 65), -0.1, 0.0), ((48, 49, 59, 60, 61, 67), 0.1, 0.0)),
}
"""What each expression of the script moves."""

ANCHORS = 8
"""Points along each edge of the picture that stay where they are."""

GRID = 80
"""Points a side at which the warp is computed; between them it is interpolated."""


@dataclass(frozen=True, eq=False)
class AnimatedPhoto:
    """Plays the script on a photograph."""

    name: str
    photo: Image
    """(S, S, 3) uint8 BGR."""
    landmarks: Array
    """(68, 2) pixels of the photograph."""
    fps: float = 10.0

    @classmethod
    def around(cls, name: str, picture: Image, landmarks: Array, side: int) -> "AnimatedPhoto":
        """The square about a face, twice as large as it, at `side` pixels."""
        box = Box.around(landmarks)
        scale = side / (2 * box.longest_side)
        shift = side / 2 - scale * np.array(box.centre_xy)
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        photo = cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        return cls(name, np.asarray(photo, np.uint8), landmarks * scale + shift)

    def play(self) -> Iterator[TalkingFrame]:
        """Every frame."""
        eyes = interocular_distance(self.landmarks, ibug_68)
        for number in range(round((REST_SECONDS + len(SCRIPT) * EXPRESSION_SECONDS) * self.fps)):
            seconds = number / self.fps
            expression, height = at(seconds)
            name = "" if expression is None else expression.name
            moved = self.landmarks + height * eyes * displacement(name)
            points = np.column_stack([moved * [1, -1], np.zeros(len(moved))])
            yield TalkingFrame(seconds, warped(self.photo, self.landmarks, moved), points, name, height)


def displacement(name: str) -> Array:
    """(68, 2) of the points at the height of an expression, eye distances; 0 at rest."""
    moves = np.zeros((68, 2))
    for points, across, down in MOVES.get(name, ()):
        moves[list(points)] += [across, down]
    return moves


def warped(photo: Image, landmarks: Array, moved: Array) -> Image:
    """The picture after its landmarks (68, 2) have gone to other places; its edges stay."""
    side = len(photo)
    edge = np.linspace(-0.5, side - 0.5, ANCHORS)
    anchors = np.array([(x, y) for x in edge for y in edge if {x, y} & {edge[0], edge[-1]}])
    ends, begins = np.vstack([moved, anchors]), np.vstack([landmarks, anchors])
    # From where each pixel comes: a thin plate bent through the points.
    come_from = RBFInterpolator(ends, begins - ends, kernel="thin_plate_spline")
    grid = np.linspace(0, side - 1, GRID)
    places = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    coarse = come_from(places).reshape(GRID, GRID, 2).astype(np.float32)
    # Corner points of the grid lie on those of the picture.
    index = np.linspace(0, GRID - 1, side, dtype=np.float32)
    shift = cv2.remap(coarse, *np.meshgrid(index, index), cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    out = cv2.remap(
        photo, x + shift[..., 0], y + shift[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(out, np.uint8)
