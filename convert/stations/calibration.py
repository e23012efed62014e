"""Which crops set the int8 ranges, and the samples onnx2tf would otherwise download.

Letters: N crops, H, W pixels of a crop.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

SAMPLE_NAME = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf runs these pictures through each operator to find the axis order, and fetches them from
the network unless a file of this name lies in its working directory."""

SAMPLE_COUNT, SAMPLE_SIDE = 20, 128

FACES_PER_NO_FACE = 4
"""Of the calibration set. Faces alone give positive presence logits alone; the int8 range would
start at 0, and the presence of a face could never fall below one half."""

CORNER_PART = 4
"""A corner of one quarter of the side shows ground or hair at the crop rule's margin, not a face."""


def choose_crops(crops: NDArray[np.uint8], largest_count: int) -> NDArray[np.uint8]:
    """(N, H, W, 3), at most `largest_count` of the crops, evenly through their order.

    The order follows the data sets, so even steps take a share of each; no seed is needed.
    """
    if len(crops) <= largest_count:
        return crops
    places = np.linspace(0, len(crops) - 1, largest_count).round().astype(int)
    chosen: NDArray[np.uint8] = crops[places]
    return chosen


def no_face_crops(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, H, W, 3): one corner of each crop, the four in turn, enlarged to a crop of its own."""
    _, height, width, _ = crops.shape
    part_high, part_wide = height // CORNER_PART, width // CORNER_PART
    enlarged = []
    for number, crop in enumerate(crops):
        top = (number % 2) * (height - part_high)
        left = (number // 2 % 2) * (width - part_wide)
        corner = crop[top : top + part_high, left : left + part_wide]
        enlarged.append(cv2.resize(corner, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.stack(enlarged).astype(np.uint8)


def make_calibration_set(
    crops: NDArray[np.uint8], largest_count: int, *, faceless: bool = True
) -> NDArray[np.uint8]:
    """At most `largest_count` of the crops, then a quarter as many without a face; range 0 to 255.

    Args:
        crops: (N, H, W, 3), of faces.
        largest_count: of faces.
        faceless: whether there are any without; see Handover.presence_learnt.
    """
    faces = choose_crops(crops, largest_count)
    if faceless:
        faces = np.concatenate([faces, no_face_crops(faces[::FACES_PER_NO_FACE])])
    return with_full_range(faces)


def with_full_range(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy whose first crop holds a black and a white corner pixel.

    The input's range is then exactly [-1, 127/128], its scale (255/128) / 255 = 1/128 and its zero
    point 0, so that the int8 input is the uint8 pixel with its highest bit flipped.
    """
    widened = crops.copy()
    widened[0, 0, 0] = 0
    widened[0, -1, -1] = 255
    return widened


def onnx2tf_sample(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(20, 128, 128, 3) float32 RGB in [0, 1] from (N, H, W, 3) BGR crops, nearest pixels, repeated."""
    _, height, width, _ = crops.shape
    rows = np.arange(SAMPLE_SIDE) * height // SAMPLE_SIDE
    columns = np.arange(SAMPLE_SIDE) * width // SAMPLE_SIDE
    chosen = crops[np.arange(SAMPLE_COUNT) % len(crops)]
    pixels: NDArray[np.uint8] = chosen[:, rows][:, :, columns, ::-1]
    return (pixels / 255).astype(np.float32)
