"""Backgrounds without a face: gradients, blotches, stripes and tiles, with clutter over them."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.noise import add_grain, smooth_noise

Image = NDArray[np.uint8]


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """A random BGR colour of any brightness, seldom saturated."""
    grey, saturation = rng.uniform(10, 245), rng.exponential(22)
    blue, green, red = np.clip(grey + rng.normal(0, saturation, 3), 0, 255)
    return int(blue), int(green), int(red)


def _gradient(rng: np.random.Generator, side: int) -> Image:
    """A gradient between four corner colours."""
    corners = np.array([_colour(rng) for _ in range(4)], np.uint8).reshape(2, 2, 3)
    return np.asarray(cv2.resize(corners, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _blotches(rng: np.random.Generator, side: int) -> Image:
    """Smooth coloured noise at two scales."""
    small = np.array([_colour(rng) for _ in range(9)], np.float32).reshape(3, 3, 3)
    cells = int(rng.integers(8, 40))
    noisy = cv2.resize(small, (cells, cells)) + rng.uniform(-45, 45, (cells, cells, 1)).astype(np.float32)
    bytes_small = np.clip(noisy, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(bytes_small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _stripes(rng: np.random.Generator, side: int) -> Image:
    """Parallel stripes of two or three colours at any angle."""
    count = int(rng.integers(2, 4))
    colours = np.array([_colour(rng) for _ in range(count)], np.uint8)
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.06, 0.4) * side
    along = np.arange(side, dtype=np.float32)
    phase = (np.cos(angle) * along[None] + np.sin(angle) * along[:, None]) / period
    return colours[np.floor(phase * count).astype(np.int32) % count]


def _tiles(rng: np.random.Generator, side: int) -> Image:
    """A grid of rectangles in many colours, like tiles or books."""
    rows, columns = int(rng.integers(2, 9)), int(rng.integers(2, 14))
    tint = np.array(_colour(rng), np.float32)
    cells = np.clip(tint + rng.normal(0, rng.uniform(5, 60), (rows, columns, 3)), 0, 255)
    tiles = cv2.resize(cells.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    return np.asarray(tiles, np.uint8)


_BASES: tuple[Callable[[np.random.Generator, int], Image], ...] = (
    _gradient,
    _blotches,
    _blotches,
    _stripes,
    _tiles,
)


def _clutter(image: Image, rng: np.random.Generator) -> None:
    """Draw polygons, circles, rectangles and lines, in place."""
    side = image.shape[0]
    for _ in range(int(rng.integers(0, 13))):
        centre, radius = rng.uniform(0, side, 2), side * rng.uniform(0.03, 0.3)
        kind, colour = int(rng.integers(4)), _colour(rng)
        thickness = -1 if rng.random() < 0.7 else int(rng.integers(1, 2 + side // 40))
        corners = (centre + rng.uniform(-radius, radius, (int(rng.integers(3, 7)), 2))).astype(np.int32)
        if kind == 0:
            cv2.fillPoly(image, [corners], colour, cv2.LINE_AA)
        elif kind == 1:
            cv2.circle(image, corners[0].tolist(), int(radius * 0.6), colour, thickness, cv2.LINE_AA)
        elif kind == 2:
            cv2.rectangle(image, corners[0].tolist(), corners[1].tolist(), colour, thickness)
        else:
            cv2.polylines(image, [corners], False, colour, abs(thickness) + 1, cv2.LINE_AA)


def background(rng: np.random.Generator, side: int) -> Image:
    """(side, side, 3) uint8 BGR picture without a face: the background of a head, or a negative sample."""
    image = _BASES[int(rng.integers(len(_BASES)))](rng, side)
    if rng.random() < 0.4:
        shadow = smooth_noise(rng, (side, side), (4, 4))
        shaded = cv2.multiply(image, cv2.merge([1 + 0.4 * shadow] * 3), dtype=cv2.CV_8U)
        image = np.asarray(shaded, np.uint8)
    _clutter(image, rng)
    blur = rng.uniform(0, 4) * side / 256
    if blur > 0.5:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.uint8)
    add_grain(image, rng, rng.uniform(0, 10))
    return image
