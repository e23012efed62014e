"""How a picture as it is stored becomes the stream's frame: size, then rotation, then mirror.

Coordinates in the stream are those of the result.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.sources.uri import SourceOptions

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def fit_inside(image: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) scaled to the largest size inside `size_wh`, its proportions kept.

    Kept, because a stretched face is another face.
    """
    height, width = image.shape[:2]
    scale = min(size_wh[0] / width, size_wh[1] / height)
    fitted = max(1, round(width * scale)), max(1, round(height * scale))
    if fitted == (width, height):
        return image
    # INTER_AREA averages what it drops; it is no better than linear when growing.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, fitted, interpolation=how), np.uint8)


def orient(image: NDArray[np.uint8], options: SourceOptions) -> NDArray[np.uint8]:
    """(H, W, 3) rotated clockwise, then mirrored."""
    if options.rotate:
        image = np.asarray(cv2.rotate(image, _TURNS[options.rotate]), np.uint8)
    if options.mirror:
        image = np.asarray(cv2.flip(image, 1), np.uint8)
    return image


def frame_stored(image: NDArray[np.uint8], options: SourceOptions) -> NDArray[np.uint8]:
    """A picture from a file as the stream's frame: fitted if a size was asked, then oriented."""
    if options.size_wh is not None:
        image = fit_inside(image, options.size_wh)
    return orient(image, options)
