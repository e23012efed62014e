"""The canvas: the texture of the unrolled skin, and the map from positions on the head to its pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

RADIUS = 9.0
"""Centimetres of canvas per radian, about true to scale at the eyes."""
SIDE_THETA = 1.9
"""Radians at which the canvas ends; its last column is repeated beyond."""
TOP = -12.8
"""Coordinate t of the canvas's upper edge, above every crown."""
BITS = 4
"""Fractional bits of drawing coordinates: sixteenths of a pixel."""


def fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Pixel coordinates as the fixed-point numbers that OpenCV draws with `shift=BITS`."""
    return np.round(points * (1 << BITS)).astype(np.int32)


class Canvas:
    """A BGR texture of `density` pixels per centimetre, from t = `TOP` down to `bottom`; not painted yet."""

    def __init__(self, density: float, bottom: float) -> None:
        self.density = density
        width = round(2 * SIDE_THETA * RADIUS * density)
        self.image: NDArray[np.uint8] = np.empty((round((bottom - TOP) * density), width, 3), np.uint8)

    def pixels(self, places: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) theta and t to (..., 2) pixels, clipped to the canvas."""
        height, width = self.image.shape[:2]
        xy = (places * [RADIUS, 1.0] + [SIDE_THETA * RADIUS, -TOP]) * self.density - 0.5
        return np.clip(xy, 0, [width - 1.001, height - 1.001])

    def places(self, step: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Theta and t of the centres of cells of `step` columns and `step` rows."""
        height, width = self.image.shape[:2]
        columns = (np.arange(-(-width // step)) + 0.5) * step
        rows = (np.arange(-(-height // step)) + 0.5) * step
        return columns / (self.density * RADIUS) - SIDE_THETA, rows / self.density + TOP

    def thickness(self, centimetres: float) -> int:
        """Width of a stroke in whole pixels, at least one."""
        return max(1, round(centimetres * self.density))

    def stroke(self, line: NDArray[np.floating], colour: NDArray[np.floating], centimetres: float) -> None:
        """Draw an open line of (N, 2) pixels."""
        width = self.thickness(centimetres)
        cv2.polylines(self.image, [fixed(line)], False, colour.tolist(), width, cv2.LINE_AA, BITS)

    def fill(self, outline: NDArray[np.floating], colour: NDArray[np.floating]) -> None:
        """Fill a closed outline of (N, 2) pixels."""
        cv2.fillPoly(self.image, [fixed(outline)], colour.tolist(), cv2.LINE_AA, BITS)

    def patch(self, points: NDArray[np.floating], pad: float) -> "Patch":
        """The part of the canvas around (N, 2) pixels, wider by `pad` centimetres."""
        height, width = self.image.shape[:2]
        border = pad * self.density + 1
        left, top = np.maximum(points.min(axis=0) - border, 0).astype(int)
        right, bottom = np.minimum(points.max(axis=0) + border + 1, [width, height]).astype(int)
        return Patch(self.image[top:bottom, left:right], np.array([left, top]))


class Patch:
    """A view of a part of the canvas from pixel `corner` on; points are given in pixels of the canvas."""

    def __init__(self, image: NDArray[np.uint8], corner: NDArray[np.int64]) -> None:
        self.image = image
        self.corner = corner

    def fixed(self, points: NDArray[np.floating]) -> NDArray[np.int32]:
        """Drawing coordinates within the patch."""
        return fixed(points - self.corner)

    def mask(self, outline: NDArray[np.floating]) -> NDArray[np.uint8]:
        """(h, w) mask, 255 inside a closed outline, with a smooth edge."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self.fixed(outline)], (255,), cv2.LINE_AA, BITS)
        return mask

    def blend(self, over: NDArray[np.generic], alpha: NDArray[np.generic]) -> None:
        """Blend `over`, (h, w, 3) or one colour, 0 to 255, into the patch with `alpha`, (h, w), 0 to 255."""
        cover = alpha.astype(np.float32)[..., None] / 255
        self.image[:] = self.image + (over.astype(np.float32) - self.image) * cover + 0.5
