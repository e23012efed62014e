"""The arrays of a handover: crops, labels and the outputs of the network as it came.

Letters: N crops, H, W pixels of a crop, K landmarks.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.handover.description import REMEDY, AnyHandover, Handover
from convert.handover.finder import FINDER_OUTPUTS, FinderHandover
from device.contract.arrays import read_arrays
from device.contract.errors import BadInputError
from device.contract.metrics import interocular_distance

MINIMUM_CROPS = 8
"""Calibration crops that are not of one constant value; fewer say too little about the ranges."""


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Letterboxed pictures, each with the box of its labelled face or none."""

    crops: NDArray[np.uint8]
    """(N, H, W, 3) BGR."""
    boxes: NDArray[np.float32]
    """(N, 4) x_min, y_min, x_max, y_max, pixels of the crop; no numbers where there is no face."""


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """Crops with their true landmarks."""

    crops: NDArray[np.uint8]
    """(N, H, W, 3) BGR."""
    landmarks_crop: NDArray[np.float32] | None
    """(N, K, 2) pixels of the crop; None without labels."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Outputs of the network on the validation crops, written before the conversion began."""

    landmarks_crop: NDArray[np.float32]
    """(N, K, 2) pixels of the crop."""
    presence: NDArray[np.float32]
    """(N,) logits."""


def _load_array(path: Path, name: str) -> NDArray[Any]:
    (array,) = read_arrays(path, name, remedy=REMEDY)
    return array


def load_crops(path: Path, handover: AnyHandover) -> NDArray[np.uint8]:
    """(N, H, W, 3) uint8 BGR crops of an .npz file.

    Raises:
        BadInputError: no such array, no crop in it, or another shape or type.
    """
    crops = _load_array(path, "crops")
    wanted = handover.input_shape[1:]
    if crops.dtype != np.uint8 or crops.shape[1:] != wanted or len(crops) == 0:
        raise BadInputError(
            f"{path} has crops {crops.dtype} {crops.shape}, wanted uint8 (N, "
            f"{', '.join(map(str, wanted))}) with N of at least 1; {REMEDY}"
        )
    return crops


def load_calibration(path: Path, handover: AnyHandover) -> NDArray[np.uint8]:
    """(N, H, W, 3) uint8 crops, only those with any picture in them.

    Raises:
        BadInputError: as `load_crops`, or fewer than MINIMUM_CROPS hold more than one value.
    """
    crops = load_crops(path, handover)
    flat = crops.reshape(len(crops), -1)
    varied: NDArray[np.uint8] = crops[flat.min(axis=1) < flat.max(axis=1)]
    if len(varied) < MINIMUM_CROPS:
        raise BadInputError(
            f"{path} has {len(varied)} crops that are not of one constant value, wanted at least "
            f"{MINIMUM_CROPS}: ranges need pictures; {REMEDY}"
        )
    return varied


def load_validation(path: Path, handover: Handover) -> ValidationSet:
    """Crops, and true landmarks where the handover has them.

    Raises:
        BadInputError: as `load_crops`; landmarks of another shape, not finite, or eye corners that
            fall together.
    """
    crops = load_crops(path, handover)
    if not handover.labelled:
        return ValidationSet(crops, None)
    landmarks_crop = _load_array(path, "landmarks_crop").astype(np.float32)
    wanted = (len(crops), handover.landmark_scheme.count, 2)
    if landmarks_crop.shape != wanted or not np.isfinite(landmarks_crop).all():
        raise BadInputError(
            f"{path} has landmarks_crop {landmarks_crop.shape}, wanted finite {wanted}; {REMEDY}"
        )
    distances = [interocular_distance(points, handover.landmark_scheme) for points in landmarks_crop]
    if min(distances) <= 0:
        raise BadInputError(
            f"{path} has a face ({int(np.argmin(distances))}) whose outer eye corners fall together; {REMEDY}"
        )
    return ValidationSet(crops, landmarks_crop)


def load_pictures(path: Path, handover: FinderHandover) -> PictureSet:
    """A finder's validation pictures.

    Raises:
        BadInputError: as `load_crops`; boxes of another shape, or not one face among them.
    """
    crops = load_crops(path, handover)
    boxes = _load_array(path, "boxes").astype(np.float32)
    if boxes.shape != (len(crops), 4) or not np.isfinite(boxes).all(axis=1).any():
        raise BadInputError(
            f"{path} has boxes {boxes.shape}, wanted {(len(crops), 4)} and at least one face; {REMEDY}"
        )
    return PictureSet(crops, boxes)


def check_apart(calibration: Path, validation: Path, handover: AnyHandover) -> None:
    """No calibration crop is one of the validation crops: ranges set on them would flatter int8.

    Raises:
        BadInputError: a crop is in both files, by the hash of its pixels.
    """
    both = [
        {hashlib.sha256(crop.tobytes()).hexdigest() for crop in load_crops(path, handover)}
        for path in (calibration, validation)
    ]
    shared = both[0] & both[1]
    if shared:
        raise BadInputError(
            f"{calibration} shares {len(shared)} crops with {validation} (sha256 {min(shared)[:8]}...), "
            f"wanted training faces only; {REMEDY}"
        )


def load_reference(path: Path, handover: Handover, count: int) -> Reference:
    """Landmarks and presence logits for `count` validation crops.

    Raises:
        BadInputError: no such arrays, or another shape.
    """
    landmarks_crop = _load_array(path, "landmarks_crop").astype(np.float32)
    presence = _load_array(path, "presence").astype(np.float32)
    wanted = (count, handover.landmark_scheme.count, 2)
    if landmarks_crop.shape != wanted or presence.shape != (count,):
        raise BadInputError(
            f"{path} has landmarks_crop {landmarks_crop.shape} and presence {presence.shape}, wanted "
            f"{wanted} and {(count,)}; {REMEDY}"
        )
    return Reference(landmarks_crop, presence)


def load_reference_maps(path: Path, handover: FinderHandover, count: int) -> list[NDArray[np.float32]]:
    """A finder's score, box and points maps (N, h, w, C) for `count` pictures.

    Raises:
        BadInputError: no such arrays, or another shape.
    """
    maps = [_load_array(path, name).astype(np.float32) for name in FINDER_OUTPUTS]
    shapes = [each.shape for each in maps]
    wanted = [(count, *shape[1:]) for shape in handover.map_shapes]
    if shapes != wanted:
        raise BadInputError(f"{path} has maps {shapes}, wanted {wanted}; {REMEDY}")
    return maps
