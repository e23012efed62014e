"""Landmarks from a network's raw output, as real numbers: for training and conversion.

The device decodes int8 values by table in device/inference/network.py; a conversion holds the two together.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from device.contract.codec import COORDINATES, HeatmapCodec, decode_coordinates, map_weights
from device.contract.manifest import CodecRule
from device.contract.shape import correction_of

LandmarkDecoder = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Raw maps (H, W, K), or (2 K,) coordinates, to (K, 2) landmarks_crop in pixels."""


def landmark_decoder(rule: CodecRule, size_wh: tuple[int, int], count: int) -> LandmarkDecoder:
    """The decoder of a codec rule for crops of (W, H) pixels and `count` landmarks."""
    if rule.name == COORDINATES:
        return lambda output: decode_coordinates(output, size_wh)
    width, height = size_wh
    codec = HeatmapCodec((int(width // rule.stride), int(height // rule.stride)), rule.stride)
    correct = correction_of(rule.shape, count)

    def decode(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        landmarks_crop, _ = codec.decode(map_weights(rule.name, maps, None))
        return correct(landmarks_crop)

    return decode
