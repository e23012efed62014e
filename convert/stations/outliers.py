"""Outliers among the calibration crops: faceless ones that a coordinate network reads far outside a face.

Such a network gives points for a crop of ground, too, and nothing has taught it which: they lie up to six
times farther out than a face's. An int8 range that holds these leaves a face's points forty of its 256 steps,
which cost a KD-Net student 0.46 points of NME. The presence logit needs few such crops.

Letters: N crops, H, W pixels of a crop.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.handover.description import AnyHandover, Handover
from convert.tflite.runners import onnx_maps
from device.contract.codec import COORDINATES

REACH = 1.25
"""Of the farthest coordinate of any face: how far a faceless crop's may lie."""
FEWEST = 4
"""Faceless crops that stay whatever is read from them: the presence logit's range must reach below zero."""


def near_faces(reach: NDArray[np.floating], presence: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which crops set the ranges: every face, and the faceless ones whose coordinates stay near a face's.

    Args:
        reach: (N,) the farthest coordinate of each crop.
        presence: (N,) logits: what the network itself takes for ground is faceless.
    """
    face = presence >= 0
    if not face.any() or face.all():
        return np.ones(len(reach), bool)
    grounds = np.sort(reach[~face])
    limit = max(REACH * float(reach[face].max()), float(grounds[min(FEWEST, len(grounds)) - 1]))
    kept: NDArray[np.bool_] = face | (reach <= limit)
    return kept


def without_outliers(crops: NDArray[np.uint8], network: Path, handover: AnyHandover) -> NDArray[np.uint8]:
    """(N, H, W, 3), the first of them always there: it spans the input's range.

    Args:
        crops: (N, H, W, 3), of faces and, where presence was learnt, of ground.
        network: ONNX file.
        handover: its description; any network but one of coordinates keeps every crop.
    """
    if not isinstance(handover, Handover) or handover.codec.name != COORDINATES:
        return crops
    maps = onnx_maps(network)
    outputs = [maps(crop) for crop in crops]
    reach = np.array([np.abs(coordinates).max() for coordinates, _ in outputs])
    kept = near_faces(reach, np.array([float(presence.reshape(())) for _, presence in outputs]))
    kept[0] = True
    chosen: NDArray[np.uint8] = crops[kept]
    return chosen
