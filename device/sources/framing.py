"""Size, then rotation, then mirror: how a stored picture becomes the stream's frame.

Coordinates in the stream are those of the result.
"""

import numpy as np
from numpy.typing import NDArray

from device.sources.options import Orientation

UPRIGHT = Orientation()


def fit_inside(image: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) scaled to the largest size inside `size_wh`, its proportions kept.

    Kept, because a stretched face is another face.
    """
    import cv2

    height, width = image.shape[:2]
    scale = min(size_wh[0] / width, size_wh[1] / height)
    fitted = max(1, round(width * scale)), max(1, round(height * scale))
    if fitted == (width, height):
        return image
    # INTER_AREA averages what it drops; it is no better than linear when growing.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, fitted, interpolation=how), np.uint8)


def orient(image: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """(H, W, 3) rotated clockwise, then mirrored; the image itself if nothing is to be done."""
    import cv2

    rotate, mirror = orientation.rotate, orientation.mirror
    if not mirror:
        codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
        return image if rotate == 0 else np.asarray(cv2.rotate(image, codes[rotate]), np.uint8)
    # A mirror turns a rotation into one flip or transposition: no second buffer, whose fresh pages
    # would cost more than the pixels.
    if rotate in (0, 180):
        return np.asarray(cv2.flip(image, 1 if rotate == 0 else 0), np.uint8)
    turned = cv2.transpose(image)
    return np.asarray(turned if rotate == 90 else cv2.flip(turned, -1, dst=turned), np.uint8)


def frame_stored(
    image: NDArray[np.uint8], size_wh: tuple[int, int] | None, orientation: Orientation
) -> NDArray[np.uint8]:
    """A picture from a file as the stream's frame: fitted if a size is wanted, then oriented."""
    return orient(image if size_wh is None else fit_inside(image, size_wh), orientation)
