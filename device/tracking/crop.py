"""Sample the crop of a frame; the map between their pixels is the contract's."""

import math

import cv2
import numpy as np
from msgspec.structs import replace

from device.contract.geometry import CropTransform, Image


def crop_image(image: Image, transform: CropTransform) -> Image:
    """The crop (height, width, 3) uint8 of an image; black outside it."""
    width, height = transform.size_wh
    crop = np.empty((height, width, 3), np.uint8)
    draw_crop(image, transform, crop)
    return crop


def draw_crop(image: Image, transform: CropTransform, crop: Image) -> None:
    """Draw the crop of an image into `crop` (height, width, 3) uint8; black outside the image.

    Bilinear sampling looks at 2x2 pixels; where a crop pixel covers more, the needed part of the image is
    first halved, as often as need be, by means of 2x2; otherwise fine texture would alias and the landmarks
    of large faces would jitter.
    """
    halvings = max(math.floor(-math.log2(transform.scale)), 0)
    if halvings:
        image, transform = _shrunk(image, transform, halvings)
    cv2.warpAffine(
        image,
        transform.matrix,
        transform.size_wh,
        dst=crop,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )


def _shrunk(image: Image, transform: CropTransform, halvings: int) -> tuple[Image, CropTransform]:
    """The needed part of the image, halved so many times, and the transform from there to the crop.

    A small pixel (i, j) is the mean of frame pixels x0 + factor * j ... + factor - 1, so its centre
    lies at x0 + factor * j + (factor - 1) / 2.
    """
    factor, (height, width) = 2**halvings, image.shape[:2]
    (crop_width, crop_height), across = transform.size_wh, 1 / transform.factor
    centre = (complex(crop_width - 1, crop_height - 1) / 2 - transform.offset) * across
    reach_x = (crop_width * abs(across.real) + crop_height * abs(across.imag)) / 2 + factor
    reach_y = (crop_width * abs(across.imag) + crop_height * abs(across.real)) / 2 + factor
    left, columns = _part(centre.real, reach_x, width, factor)
    top, rows = _part(centre.imag, reach_y, height, factor)
    if columns < 1 or rows < 1:
        return image, transform
    small = image[top : top + rows * factor, left : left + columns * factor]
    for _ in range(halvings):
        half_wh = small.shape[1] // 2, small.shape[0] // 2
        small = np.asarray(cv2.resize(small, half_wh, interpolation=cv2.INTER_AREA), np.uint8)
    first = complex(left + (factor - 1) / 2, top + (factor - 1) / 2)
    offset = transform.factor * first + transform.offset
    return small, replace(transform, factor=transform.factor * factor, offset=offset)


def _part(centre: float, reach: float, limit: int, factor: int) -> tuple[int, int]:
    """The part of a frame near a centre along one axis: first pixel, and length in units of `factor`.

    Args:
        centre: pixels of the frame.
        reach: pixels on either side.
        limit: pixels of the frame along the axis.
        factor: by which they will be shrunk.
    """
    first, end = math.floor(centre - reach), math.ceil(centre + reach)
    # Mostly all of it is in view, and four comparisons take less time than four calls.
    first = 0 if first < 0 else min(first, limit) if first > limit else first
    end = limit if end > limit else max(end, first)
    return first, (end - first) // factor
