"""Pictures for the report: landmarks or boxes of the float and the int8 file on the same validation crops."""

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.handover.arrays import load_pictures, load_validation
from convert.handover.description import AnyHandover, Handover
from convert.handover.finder import FinderHandover
from convert.job import Job
from convert.stations.finder_compare import tflite_forms
from convert.tflite.runners import tflite_form
from device.contract.decoding import landmark_decoder
from device.contract.finder_codec import decode_maps
from device.contract.manifest import read_model_manifest

SHOWN = 6
ENLARGED = 3
"""Sides of the picture over those of the crop, so that half a pixel can be seen."""
GREEN, RED = (80, 200, 60), (60, 60, 230)
"""BGR: float32, int8."""


def _enlarged(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (crop.shape[1] * ENLARGED, crop.shape[0] * ENLARGED)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _place(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Pixels of the crop to whole pixels of the picture; a pixel's centre stays its centre."""
    return np.round((points + 0.5) * ENLARGED - 0.5).astype(np.int32)


def _encoded(picture: NDArray[np.uint8]) -> str:
    _, content = cv2.imencode(".png", picture)
    return base64.b64encode(content.tobytes()).decode()


def draw_landmarks(
    crop: NDArray[np.uint8], real: NDArray[np.floating], int8: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """(H, W, 3) BGR with (K, 2) landmarks_crop of both files, enlarged."""
    picture = _enlarged(crop)
    for x, y in _place(real):
        cv2.circle(picture, (int(x), int(y)), ENLARGED, GREEN, 1, cv2.LINE_AA)
    for x, y in _place(int8):
        cv2.circle(picture, (int(x), int(y)), 1, RED, cv2.FILLED, cv2.LINE_AA)
    return picture


def draw_boxes(
    crop: NDArray[np.uint8], real: NDArray[np.floating], int8: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """(H, W, 3) BGR with the (N, 4) boxes of both files, enlarged."""
    picture = _enlarged(crop)
    for boxes, colour, width in ((real, GREEN, 3), (int8, RED, 1)):
        for left, top, right, bottom in _place(boxes):
            corners = (int(left), int(top)), (int(right), int(bottom))
            cv2.rectangle(picture, *corners, colour, width, cv2.LINE_AA)
    return picture


def _landmarks(model: Path, crops: NDArray[np.uint8], handover: Handover) -> list[NDArray[np.float32]]:
    decode = landmark_decoder(handover.codec, handover.crop.size_wh, handover.landmark_scheme.count)
    form = tflite_form(model, read_model_manifest(model), decode)
    return [form(crop).landmarks_crop for crop in crops]


def _boxes(model: Path, crops: NDArray[np.uint8], handover: FinderHandover) -> list[NDArray[np.float32]]:
    run = tflite_forms(model)
    found = []
    for crop in crops:
        score, box, points = run(crop)
        found.append(decode_maps(score, box, points, handover.codec).boxes)
    return found


def _spread(count: int) -> NDArray[np.intp]:
    return np.linspace(0, count - 1, min(SHOWN, count)).round().astype(np.intp)


def pictures(job: Job, handover: AnyHandover) -> Sequence[str]:
    """Base64 PNGs of a few validation crops, evenly through their order."""
    if isinstance(handover, FinderHandover):
        every = load_pictures(job.validation, handover).crops
        crops = every[_spread(len(every))]
        pair = [_boxes(model, crops, handover) for model in (job.float_model, job.int8_model)]
        draw = draw_boxes
    else:
        every = load_validation(job.validation, handover).crops
        crops = every[_spread(len(every))]
        pair = [_landmarks(model, crops, handover) for model in (job.float_model, job.int8_model)]
        draw = draw_landmarks
    return [_encoded(draw(crop, real, int8)) for crop, real, int8 in zip(crops, *pair, strict=True)]
