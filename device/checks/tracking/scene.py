"""A scene made of the demo photograph: heads and bars before a ground, each where it is known to be."""

import cmath
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, CropTransform, Image
from device.sources.demo_path import FACE_BOX, HEAD_BOX

SIZE_WH = 640, 480
"""Pixels of a frame."""

HEAD_RIM_PX = 9.0
"""Deviation of the soft rim by which a head is cut out, pixels of the photograph."""

POINT_STEP = 7
"""Every how many pixels of a face are asked whether they are visible."""

GROUND_SHAPES = 400
"""Shapes that make a cluttered ground."""


@dataclass(frozen=True)
class Place:
    """Where a face is at one instant."""

    centre_xy: tuple[float, float]
    """Middle of its box, pixels of the frame."""
    face_px: float
    """Width of its box when upright, pixels of the frame."""
    angle_radians: float = 0.0
    """Roll, clockwise as seen."""


@dataclass(frozen=True)
class Bar:
    """Something upright in front of everything, as high as the frame."""

    x_min: float
    """Left rim, pixels of the frame."""
    x_max: float
    """Right rim, pixels of the frame."""


class Person:
    """A head cut out of the photograph, with the box of its face."""

    def __init__(self, photo: Image, *, twin: bool) -> None:
        """The head as it is, or its twin: mirrored, and of other colours."""
        width = photo.shape[1]
        self.picture = np.ascontiguousarray(photo[:, ::-1]) if twin else photo
        if twin:
            # Red and blue change places and the light falls: another person to any eye.
            self.picture = cv2.convertScaleAbs(self.picture[:, :, ::-1], alpha=0.8).astype(np.uint8)
        self.face_box = _mirrored(FACE_BOX, width) if twin else FACE_BOX
        head = _mirrored(HEAD_BOX, width) if twin else HEAD_BOX
        self.head_mask = cv2.GaussianBlur(_ellipse(head, photo.shape[:2]), (0, 0), HEAD_RIM_PX)
        rows, columns = np.nonzero(_ellipse(self.face_box, photo.shape[:2]))
        self.face_points = np.column_stack([columns, rows])[::POINT_STEP].astype(np.float64)

    def photo_to_frame(self, place: Place) -> CropTransform:
        """The map from pixels of the person's picture to pixels of the frame."""
        factor = cmath.rect(place.face_px / self.face_box.width, place.angle_radians)
        offset = complex(*place.centre_xy) - factor * complex(*self.face_box.centre_xy)
        return CropTransform(factor, offset, SIZE_WH)

    def visible_share(self, place: Place, uncovered: NDArray[np.bool_]) -> float:
        """How much of the face is inside the frame and not covered, 0 to 1.

        Args:
            place: of the face.
            uncovered: (H, W) where nothing stands before the face.
        """
        columns, rows = np.rint(self.photo_to_frame(place).frame_to_crop(self.face_points)).astype(int).T
        width, height = SIZE_WH
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        return float(uncovered[rows[inside], columns[inside]].sum() / len(self.face_points))


def _mirrored(box: Box, width: int) -> Box:
    return Box(width - 1 - box.x_max, box.y_min, width - 1 - box.x_min, box.y_max)


def _ellipse(box: Box, shape_hw: tuple[int, int]) -> NDArray[np.float32]:
    """(H, W) float32: 1 inside the ellipse that fills a box."""
    (x, y), (rows, columns) = box.centre_xy, np.indices(shape_hw)
    inside = ((columns - x) * 2 / box.width) ** 2 + ((rows - y) * 2 / box.height) ** 2 <= 1
    return np.asarray(inside, np.float32)


def plain_ground() -> Image:
    """(H, W, 3) a wall, lighter above."""
    width, height = SIZE_WH
    shade = np.linspace(150, 90, height)[:, None, None] + np.array([8, 0, -4])
    return np.array(np.broadcast_to(shade, (height, width, 3)), np.uint8, order="C")


def cluttered_ground(seed: int = 0) -> Image:
    """(H, W, 3) boxes and discs of every size and colour, as a full shelf has; no face."""
    width, height = SIZE_WH
    rng = np.random.default_rng(seed)
    ground = plain_ground()
    for size in np.geomspace(220, 12, GROUND_SHAPES):
        colour = [int(value) for value in rng.integers(20, 235, 3)]
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        if rng.random() < 0.5:
            far = (x + int(size * rng.uniform(0.3, 1)), y + int(size * rng.uniform(0.3, 1)))
            cv2.rectangle(ground, (x, y), far, colour, cv2.FILLED)
        else:
            cv2.circle(ground, (x, y), int(size / 3), colour, cv2.FILLED)
    return ground


GROUNDS = {"plain": plain_ground, "cluttered": cluttered_ground}
"""What may stand behind the faces."""


def draw_scene(
    ground: Image, placed: Sequence[tuple[Person, Place]], bars: Sequence[Bar]
) -> tuple[Image, list[float]]:
    """A frame and how much of each face is visible.

    Args:
        ground: (H, W, 3), left as it is.
        placed: people and their places, the farthest first.
        bars: before everyone.
    """
    image, covers = ground, list[NDArray[np.bool_]]()
    for person, place in placed:
        matrix = person.photo_to_frame(place).matrix
        head = cv2.warpAffine(person.picture, matrix, SIZE_WH)
        alpha = cv2.warpAffine(person.head_mask, matrix, SIZE_WH)
        image = np.asarray(cv2.blendLinear(head, image, alpha, 1 - alpha), np.uint8)
        covers.append(np.asarray(alpha >= 0.5))
    image, uncovered = _draw_bars(image, bars)
    shares = []
    for (person, place), cover in zip(reversed(placed), reversed(covers), strict=True):
        shares.append(person.visible_share(place, uncovered))
        uncovered = uncovered & ~cover
    return image, shares[::-1]


def _draw_bars(image: Image, bars: Sequence[Bar]) -> tuple[Image, NDArray[np.bool_]]:
    """The picture with bars before it, and (H, W) where there are none."""
    width, height = SIZE_WH
    uncovered = np.ones((height, width), np.bool_)
    shade = np.linspace(40, 90, height).astype(np.uint8)[:, None, None]
    image = image.copy()
    for bar in bars:
        low, high = (int(np.clip(np.ceil(x), 0, width)) for x in (bar.x_min, bar.x_max))
        image[:, low:high] = shade
        uncovered[:, low:high] = False
    return image, uncovered
