"""YuNet as a teacher: the faces it detects, and how its boxes relate to the boxes of the landmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.geometry import Box
from device.finders.open import YUNET_TO_LANDMARKS
from training.data.pack import read_picture
from training.data.sets.sample import Sample

MAX_SIDE = 640
"""Longest side, in pixels, at which YuNet sees a picture. A teacher need not be fast."""
MAX_CENTRE_DISTANCE = 0.3
"""Distance between the box centres, in box sides, up to which YuNet's face is the labelled one."""


@dataclass(frozen=True, eq=False)
class Detections:
    """The faces that YuNet detects in one picture, in its pixels, best first."""

    raw: NDArray[np.float32]
    """(N, 4) YuNet's own boxes: x, y, width, height."""
    points: NDArray[np.float32]
    """(N, 5, 2) right eye, left eye, nose tip, mouth corners."""
    scores: NDArray[np.float32]
    """(N,) 0 to 1."""

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(N, 4) the boxes of the landmarks: x_min, y_min, x_max, y_max."""
        return to_landmark_boxes(self.raw)


def to_landmark_boxes(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) boxes of YuNet (x, y, width, height) to (N, 4) corners of the landmarks' boxes."""
    centre_x, centre_y, ratio_x, ratio_y = YUNET_TO_LANDMARKS
    x, y, width, height = raw.T
    centre = np.stack([x + centre_x * width, y + centre_y * height], axis=1)
    half = np.stack([ratio_x * width, ratio_y * height], axis=1) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


class Detector(Protocol):
    """Finds the faces of a picture."""

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """Every face of (H, W, 3) BGR."""
        ...


class NoDetector:
    """Finds nothing: the labels are all that is known of a picture."""

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """No face."""
        del image
        return Detections(
            np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)
        )


class YuNet:
    """YuNet, run by OpenCV."""

    def __init__(self, model: Path, min_score: float) -> None:
        """Load the ONNX file.

        Raises:
            MissingOutsideError: no such file.
            BadInputError: not a YuNet model.
        """
        if not model.is_file():
            raise MissingOutsideError(f"no YuNet model at {model}: give its ONNX file with --yunet")
        try:
            self._detector = cv2.FaceDetectorYN.create(str(model), "", (320, 320), min_score)
        except cv2.error as error:
            raise BadInputError(f"{model} is not a YuNet model for this OpenCV ({error.err})") from error

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """Every face whose score is at least the minimum."""
        height, width = image.shape[:2]
        scale = min(1.0, MAX_SIDE / max(height, width))
        size_wh = max(round(width * scale), 1), max(round(height * scale), 1)
        small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA) if scale < 1 else image
        self._detector.setInputSize(size_wh)
        _, rows = self._detector.detect(small)
        found = np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
        found = found[np.argsort(-found[:, 14], kind="stable")]
        factor = width / size_wh[0], height / size_wh[1]
        points = (found[:, 4:14].reshape(-1, 5, 2) + 0.5) * np.array(factor, np.float32) - 0.5
        return Detections(found[:, :4] * np.array(factor * 2, np.float32), points, found[:, 14])


def fit_map(samples: Sequence[Sample], teacher: YuNet) -> tuple[float, float, float, float]:
    """Centre and size of the landmarks' box in units of YuNet's box: medians over labelled faces.

    Horizontally the centre is set to 0.5: a measured difference would be a left-right bias of the labels.

    Raises:
        BadInputError: YuNet sees none of the faces.
    """
    rows = [row for sample in samples if (row := _relation(sample, teacher)) is not None]
    if not rows:
        raise BadInputError("YuNet found none of the labelled faces; is it the right model?")
    _, centre_y, ratio_x, ratio_y = np.median(np.array(rows), axis=0)
    return 0.5, float(centre_y), float(ratio_x), float(ratio_y)


def _relation(sample: Sample, teacher: YuNet) -> tuple[float, float, float, float] | None:
    """The labelled box in units of YuNet's box of the same face; None where YuNet misses the face."""
    box: Box = sample.box
    for x, y, width, height in teacher.detect(read_picture(sample.path)).raw:
        centre_x, centre_y = (box.centre_xy[0] - x) / width, (box.centre_xy[1] - y) / height
        if abs(centre_x - 0.5) < MAX_CENTRE_DISTANCE and abs(centre_y - 0.5) < MAX_CENTRE_DISTANCE:
            return centre_x, centre_y, box.width / width, box.height / height
    return None
