"""Pictures for the golden outputs: whole pixels and integers only, so that every machine makes the same."""

import numpy as np
from numpy.typing import NDArray

from device.sources.demo_path import FACE_BOX

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, blue green red."""


def golden_crops(picture: Image, size_wh: tuple[int, int]) -> dict[str, Image]:
    """A face, the same mirrored, inverted and far too bright, and three drawings, by name.

    Args:
        picture: (SIDE, SIDE, 3) of `device.sources.demo_picture`.
        size_wh: pixels of a crop.
    """
    face = _cut(picture, size_wh)
    return {
        "face": face,
        "face mirrored": np.ascontiguousarray(face[:, ::-1]),
        "face inverted": 255 - face,
        "face too bright": np.minimum(face.astype(np.uint16) * 3, 255).astype(np.uint8),
        **drawn_crops(size_wh),
    }


def _cut(picture: Image, size_wh: tuple[int, int]) -> Image:
    """The picture about its face, unscaled; moved inside where it would reach beyond."""
    starts = [
        min(max(round(middle) - size // 2, 0), whole - size)
        for middle, size, whole in zip(FACE_BOX.centre_xy, size_wh, picture.shape[1::-1], strict=True)
    ]
    left, top = starts
    return np.ascontiguousarray(picture[top : top + size_wh[1], left : left + size_wh[0]])


def drawn_crops(size_wh: tuple[int, int]) -> dict[str, Image]:
    """Slopes, rings and a pattern without structure."""
    width, height = size_wh
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    slopes = np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], axis=-1)
    far = (2 * x - width) ** 2 + (2 * y - height) ** 2
    rings = np.repeat((far // 97 % 2 * 255)[..., None], 3, axis=-1)
    # Products of large primes, their middle bits: evenly spread and the same everywhere.
    mixed = (x[..., None] * 73856093 ^ y[..., None] * 19349663 ^ (np.arange(3) + 1) * 83492791) * 40503 >> 9
    drawings = {"slopes": slopes, "rings": rings, "noise": mixed & 255}
    return {name: np.ascontiguousarray(picture, np.uint8) for name, picture in drawings.items()}
