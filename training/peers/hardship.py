"""What makes a picture of a face hard to read, from nothing to far too much."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, CropTransform, Image
from device.tracking.crop import crop_image

SIDE = 120
"""Longest side of the face before anything befalls it, pixels: somebody at arm's length in 640 x 480."""
CONTEXT = 2.6
"""Sides of the picture in those of the face: a turned face still fits."""
DARK_NOISE = 3.0
"""Of 255: a sensor's noise, which stays when the light goes."""

Points = NDArray[np.float64]
Shown = tuple[Image, Points]
"""A picture of a face, and its true landmarks there."""


def portrait(image: Image, landmarks: Points) -> Shown:
    """A face cut out, SIDE pixels large."""
    size = round(CONTEXT * SIDE)
    transform = CropTransform.for_box(Box.around(landmarks), CONTEXT, (size, size))
    return crop_image(image, transform), transform.frame_to_crop(landmarks)


def _noisy(image: NDArray[np.floating], sigma: float, rng: np.random.Generator) -> Image:
    noise = rng.normal(0, sigma, image.shape).astype(np.float32)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def blur(shown: Shown, level: float, rng: np.random.Generator) -> Shown:
    """A Gaussian of so many per cent of the face."""
    del rng
    return np.asarray(cv2.GaussianBlur(shown[0], (0, 0), level / 100 * SIDE), np.uint8), shown[1]


def noise(shown: Shown, level: float, rng: np.random.Generator) -> Shown:
    """Independent in each pixel and channel, sigma of so many of 255."""
    return _noisy(shown[0].astype(np.float32), level, rng), shown[1]


def jpeg(shown: Shown, level: float, rng: np.random.Generator) -> Shown:
    """Compressed with that quality."""
    del rng
    _, coded = cv2.imencode(".jpg", shown[0], [cv2.IMWRITE_JPEG_QUALITY, int(level)])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), shown[1]


def darkness(shown: Shown, level: float, rng: np.random.Generator) -> Shown:
    """So many per cent of the light are left, and a sensor's noise."""
    return _noisy(shown[0].astype(np.float32) * np.float32(level / 100), DARK_NOISE, rng), shown[1]


def occlusion(shown: Shown, level: float, rng: np.random.Generator) -> Shown:
    """A square of one colour over so many per cent of the face's box, somewhere in it."""
    image, box = shown[0].copy(), Box.around(shown[1])
    half = np.sqrt(level / 100 * box.area) / 2
    room = np.maximum(np.array([box.width, box.height]) / 2 - half, 0)
    centre = np.array(box.centre_xy) + rng.uniform(-room, room)
    low, high = np.rint(centre - half).astype(int).tolist(), np.rint(centre + half).astype(int).tolist()
    cv2.rectangle(image, low, high, rng.integers(0, 256, 3).tolist(), -1)
    return image, shown[1]


def rotation(shown: Shown, level: float, rng: np.random.Generator) -> Shown:
    """Turned in the picture by so many degrees, to either side."""
    angle = float(np.radians(level) * rng.choice([-1, 1]))
    size = shown[0].shape[1]
    centre = Box.around(shown[1]).centre_xy
    transform = CropTransform.from_roi(centre, size, (size, size), angle)
    return crop_image(shown[0], transform), transform.frame_to_crop(shown[1])


def small(shown: Shown, level: float, rng: np.random.Generator) -> Shown:
    """So many pixels large, and the picture in proportion."""
    del rng
    size = max(round(shown[0].shape[1] * level / SIDE), 1)
    factor = size / shown[0].shape[1]
    image = cv2.resize(shown[0], (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8), (shown[1] + 0.5) * factor - 0.5


@dataclass(frozen=True)
class Hardship:
    """One curve's axis."""

    name: str
    unit: str
    levels: tuple[float, ...]
    """From the mildest on; the untouched picture stands before them."""
    clear: float
    """The level of the untouched picture."""
    befall: Callable[[Shown, float, np.random.Generator], Shown]


HARDSHIPS = (
    Hardship("blur", "sigma, % of the face", (1, 2, 3, 4, 6), 0, blur),
    Hardship("noise", "sigma, of 255", (10, 20, 40, 60, 90), 0, noise),
    Hardship("JPEG", "quality", (50, 20, 10, 5, 2), 100, jpeg),
    Hardship("darkness", "light left, %", (50, 20, 10, 5, 2), 100, darkness),
    Hardship("occlusion", "% of the face's box", (10, 20, 30, 40, 50), 0, occlusion),
    Hardship("rotation", "degrees to either side", (15, 30, 45, 60, 90), 0, rotation),
    Hardship("size", "pixels of the face's longest side", (80, 50, 35, 25, 16), SIDE, small),
)
