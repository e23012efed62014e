"""Picture files of any depth as 8-bit colour."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.sources.jpeg import jpeg_size
from device.sources.opencv import MAX_PIXELS, too_large
from device.support.paths import is_anything, is_file

DEPTHS = (8, 10, 12, 14, 16)
"""Bits that cameras put into 16-bit files."""


def decode_file(path: Path, exif: bool) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 blue green red of a picture file.

    Args:
        path: JPEG, PNG, TIFF or whatever else OpenCV reads.
        exif: whether it is turned as its EXIF orientation says.

    Raises:
        BadInputError: it cannot be read or decoded.
    """
    if is_anything(path) and not is_file(path):
        raise BadInputError("not an ordinary file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}") from error
    if not data:
        raise BadInputError("the file is empty, wanted a picture")
    return decode_picture(data, exif)


def decode_picture(data: bytes, exif: bool = True, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 blue green red of an encoded picture.

    Raises:
        BadInputError: it does not decode, or has too many pixels.
    """
    import cv2

    width, height = jpeg_size(data) or (0, 0)
    if width * height > max_pixels:
        raise BadInputError(f"the picture has {too_large(width, height, max_pixels)}")
    flags = cv2.IMREAD_COLOR | (0 if exif else cv2.IMREAD_IGNORE_ORIENTATION)
    encoded = np.frombuffer(data, np.uint8)
    try:
        image = cv2.imdecode(encoded, flags | cv2.IMREAD_ANYDEPTH)
        if image is not None and image.dtype not in (np.uint8, np.uint16):
            image = cv2.imdecode(encoded, flags)
    except cv2.error as error:
        if "MAX_IMAGE" in error.err:
            raise BadInputError(f"more than {MAX_PIXELS / 1e6:g} million pixels; make it smaller") from error
        raise BadInputError(f"cannot be decoded: {error.err}") from error
    if image is None:
        raise BadInputError(
            f"{len(data)} bytes that do not decode to a picture: damaged, cut short or another format"
        )
    return to_8_bits(np.asarray(image, np.uint16 if image.dtype == np.uint16 else np.uint8))


def to_8_bits(image: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Pixels of 8 bits from 8 or 16.

    A 16-bit file often holds 10 or 12 bits, as the sensor gave them. The depth is taken to be the
    smallest of `DEPTHS` that the largest value fits.
    """
    if image.dtype == np.uint8:
        return np.asarray(image, np.uint8)
    used = int(image.max()).bit_length()
    return np.asarray(image >> next(depth for depth in DEPTHS if depth >= used) - DEPTHS[0], np.uint8)
