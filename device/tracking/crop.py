"""Sample the crop of a frame; the map between their pixels is the contract's."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import CropTransform, Image

SHRINK_LIMIT = 2.0
"""Frame pixels per crop pixel up to which bilinear sampling sees every pixel."""


def crop_image(image: Image, transform: CropTransform) -> Image:
    """The crop (height, width, 3) uint8 of an image; black outside it.

    Bilinear sampling looks at 2x2 pixels; where a crop pixel covers many more, the needed part of the
    image is first averaged down by an integer factor; otherwise fine texture would alias and the
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
    """Average `factor` x `factor` pixels of the needed part, then warp the smaller picture.

    A small pixel (i, j) is the mean of frame pixels x0 + factor * j ... + factor - 1, so its centre
    lies at x0 + factor * j + (factor - 1) / 2.
    """
    height, width = image.shape[:2]
    across, down = transform.inverse.tolist()
    left, columns = _needed(across, transform.size_wh, width, factor)
    top, rows = _needed(down, transform.size_wh, height, factor)
    if columns < 1 or rows < 1:
        return _warp(image, transform.matrix, transform.size_wh)
    part = image[top : top + rows * factor, left : left + columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    x, y = left + (factor - 1) / 2, top + (factor - 1) / 2
    matrix = [[a * factor, b * factor, a * x + b * y + c] for a, b, c in transform.matrix.tolist()]
    return _warp(np.asarray(small, np.uint8), np.array(matrix), transform.size_wh)


def _needed(row: list[float], size_wh: tuple[int, int], limit: int, factor: int) -> tuple[int, int]:
    """The part of the frame that a crop covers along one axis: first pixel, and length in units of `factor`.

    Args:
        row: of the (2, 3) map from the crop to the frame.
        size_wh: pixels of the crop.
        limit: pixels of the frame along the axis.
        factor: by which they will be shrunk.
    """
    along_x, along_y, begin = row[0] * size_wh[0], row[1] * size_wh[1], row[2]
    low = math.floor(begin + min(along_x, 0.0) + min(along_y, 0.0)) - factor
    high = math.ceil(begin + max(along_x, 0.0) + max(along_y, 0.0)) + factor
    low, high = min(max(low, 0), limit), min(max(high, 0), limit)
    return low, (high - low) // factor
