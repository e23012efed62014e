"""The unrolled skin that paint goes on, and how places of the head map to its pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

RADIUS = 9.0
"""Centimetres of canvas per radian: about true to size at the eyes."""
SIDE_THETA = 1.9
"""The canvas ends here; beyond, its last column goes on."""
TOP = -12.8
"""t of the canvas's upper end, above every crown."""
BITS = 4
"""Drawing coordinates are given in sixteenths of a pixel."""


def fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Pixel coordinates as OpenCV's drawing functions want them with `shift=BITS`."""
    return np.round(points * (1 << BITS)).astype(np.int32)


class Canvas:
    """BGR skin of `density` pixels per centimetre, from `TOP` down to `bottom`."""

    def __init__(self, density: float, bottom: float) -> None:
        """An unpainted canvas."""
        self.density = density
        width = round(2 * SIDE_THETA * RADIUS * density)
        self.image: NDArray[np.uint8] = np.empty((round((bottom - TOP) * density), width, 3), np.uint8)

    def pixels(self, places: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) theta and t to (..., 2) pixels of the canvas, kept inside it."""
        height, width = self.image.shape[:2]
        xy = (places * [RADIUS, 1.0] + [SIDE_THETA * RADIUS, -TOP]) * self.density - 0.5
        return np.clip(xy, 0, [width - 1.001, height - 1.001])

    def places(self, step: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Theta of every `step`-th column and t of every `step`-th row, at their cells' middles."""
        height, width = self.image.shape[:2]
        columns = (np.arange(-(-width // step)) + 0.5) * step
        rows = (np.arange(-(-height // step)) + 0.5) * step
        return columns / (self.density * RADIUS) - SIDE_THETA, rows / self.density + TOP

    def thickness(self, centimetres: float) -> int:
        """Whole pixels of a stroke, at least one."""
        return max(1, round(centimetres * self.density))

    def stroke(self, line: NDArray[np.floating], colour: NDArray[np.floating], centimetres: float) -> None:
        """Draw an open line of (N, 2) pixels."""
        width = self.thickness(centimetres)
        cv2.polylines(self.image, [fixed(line)], False, colour.tolist(), width, cv2.LINE_AA, BITS)

    def fill(self, outline: NDArray[np.floating], colour: NDArray[np.floating]) -> None:
        """Fill a closed outline of (N, 2) pixels."""
        cv2.fillPoly(self.image, [fixed(outline)], colour.tolist(), cv2.LINE_AA, BITS)

    def patch(self, points: NDArray[np.floating], pad: float) -> "Patch":
        """The part of the canvas round (N, 2) pixels, `pad` centimetres wider."""
        height, width = self.image.shape[:2]
        border = pad * self.density + 1
        left, top = np.maximum(points.min(axis=0) - border, 0).astype(int)
        right, bottom = np.minimum(points.max(axis=0) + border + 1, [width, height]).astype(int)
        return Patch(self.image[top:bottom, left:right], np.array([left, top]))


class Patch:
    """A view of a part of the canvas; points are given in the canvas's pixels."""

    def __init__(self, image: NDArray[np.uint8], corner: NDArray[np.int64]) -> None:
        """`image` is the view, `corner` the pixel of the canvas at its top left."""
        self.image = image
        self.corner = corner

    def fixed(self, points: NDArray[np.floating]) -> NDArray[np.int32]:
        """Drawing coordinates within the patch."""
        return fixed(points - self.corner)

    def mask(self, outline: NDArray[np.floating]) -> NDArray[np.uint8]:
        """(h, w) 255 inside a closed outline, smooth at its edge."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self.fixed(outline)], (255,), cv2.LINE_AA, BITS)
        return mask

    def blend(self, over: NDArray[np.generic], alpha: NDArray[np.generic]) -> None:
        """Lay `over` ((h, w, 3) or a colour, 0 to 255) on the patch where `alpha` (h, w; 0 to 255) says."""
        cover = alpha.astype(np.float32)[..., None] / 255
        self.image[:] = self.image + (over.astype(np.float32) - self.image) * cover + 0.5
