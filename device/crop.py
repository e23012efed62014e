"""Pixels of a frame to pixels of a crop. The map is the contract's; the sampling is here."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import CropTransform, apply_affine

Image = NDArray[np.uint8]
"""(H, W, 3) uint8 BGR."""

SHRINK_LIMIT = 2.0
"""Frame pixels per crop pixel up to which bilinear sampling sees every pixel."""


def crop_image(image: Image, transform: CropTransform) -> Image:
    """The crop (height, width, 3) uint8 of an image; black outside it.

    Bilinear sampling looks at 2x2 pixels; where a crop pixel covers many more, the part of the image
    that is needed is first averaged down by a whole factor, or fine texture would alias and the
    landmarks of large faces would jitter.
    """
    factor = math.floor(1 / (transform.scale * SHRINK_LIMIT) + 1)
    if factor < 2:
        return _warp(image, transform.matrix, transform.size_wh)
    return _crop_shrunk(image, transform, factor)


def _warp(image: Image, matrix: NDArray[np.float64], size_wh: tuple[int, int]) -> Image:
    warped = cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(warped, np.uint8)


def _crop_shrunk(image: Image, transform: CropTransform, factor: int) -> Image:
    """Average `factor` x `factor` pixels of the part that is needed, then warp the small picture.

    A small pixel (i, j) is the mean of frame pixels x0 + factor * j ... + factor - 1, so its middle
    lies at x0 + factor * j + (factor - 1) / 2.
    """
    width, height = transform.size_wh
    corners = apply_affine(
        transform.inverse, np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    )
    limits = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(corners.min(axis=0)) - factor, 0, limits).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + factor, 0, limits).astype(int)
    size = (high - low) // factor
    if (size < 1).any():
        return _warp(image, transform.matrix, transform.size_wh)
    high = low + size * factor
    part = image[low[1] : high[1], low[0] : high[0]]
    small = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    linear = transform.matrix[:, :2] * factor
    offset = apply_affine(transform.matrix, (low + (factor - 1) / 2)[None])[0]
    return _warp(np.asarray(small, np.uint8), np.column_stack([linear, offset]), transform.size_wh)
