"""YuNet as a teacher: its faces of a picture, and the one map from its boxes to landmarks' boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.geometry import Box
from device.finders.open import YUNET_TO_LANDMARKS
from training.data.pack import read_picture
from training.data.sets.sample import Sample

LONGEST_SIDE = 640
"""Pictures are not shown larger than this; a teacher may take its time."""
SAME_MIDDLE = 0.3
"""Distance of the middles, in box sides, within which YuNet means the labelled face."""


@dataclass(frozen=True, eq=False)
class Taught:
    """What YuNet says of one picture, in its pixels, best first."""

    raw: NDArray[np.float32]
    """(N, 4) x, y, width, height as YuNet gives them."""
    points: NDArray[np.float32]
    """(N, 5, 2) right eye, left eye, nose tip, mouth corners."""
    scores: NDArray[np.float32]
    """(N,) 0 to 1."""

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(N, 4) x_min, y_min, x_max, y_max of the landmarks' boxes."""
        return to_landmark_boxes(self.raw)


def to_landmark_boxes(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) x, y, width, height of YuNet's to (N, 4) corners of the landmarks' boxes."""
    middle_x, middle_y, share_x, share_y = YUNET_TO_LANDMARKS
    x, y, width, height = raw.T
    center = np.stack([x + middle_x * width, y + middle_y * height], axis=1)
    half = np.stack([share_x * width, share_y * height], axis=1) / 2
    return np.concatenate([center - half, center + half], axis=1)


class YuNet:
    """The teacher."""

    def __init__(self, model: Path, least_score: float) -> None:
        """Load the ONNX file.

        Raises:
            MissingOutsideError: no such file.
            BadInputError: not a YuNet model.
        """
        if not model.is_file():
            raise MissingOutsideError(f"no YuNet model at {model}: give its ONNX file with --yunet")
        try:
            self._detector = cv2.FaceDetectorYN.create(str(model), "", (320, 320), least_score)
        except cv2.error as error:
            raise BadInputError(f"{model} is no YuNet model for this OpenCV ({error.err})") from error

    def look(self, image: NDArray[np.uint8]) -> Taught:
        """Every face above the least score."""
        height, width = image.shape[:2]
        scale = min(1.0, LONGEST_SIDE / max(height, width))
        size_wh = max(round(width * scale), 1), max(round(height * scale), 1)
        small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA) if scale < 1 else image
        self._detector.setInputSize(size_wh)
        _, rows = self._detector.detect(small)
        found = np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
        found = found[np.argsort(-found[:, 14], kind="stable")]
        factor = width / size_wh[0], height / size_wh[1]
        points = (found[:, 4:14].reshape(-1, 5, 2) + 0.5) * np.array(factor, np.float32) - 0.5
        return Taught(found[:, :4] * np.array(factor * 2, np.float32), points, found[:, 14])


def fit_map(samples: Sequence[Sample], teacher: YuNet) -> tuple[float, float, float, float]:
    """Middle and size of the landmarks' box in units of YuNet's, medians over labelled faces.

    Across, the middle is 0.5: whatever else is found there is the labels' own handedness.

    Raises:
        BadInputError: YuNet sees none of the faces.
    """
    rows = [row for sample in samples if (row := _relation(sample, teacher)) is not None]
    if not rows:
        raise BadInputError("YuNet found none of the labelled faces; is it the right model?")
    _, middle_y, share_x, share_y = np.median(np.array(rows), axis=0)
    return 0.5, float(middle_y), float(share_x), float(share_y)


def _relation(sample: Sample, teacher: YuNet) -> tuple[float, float, float, float] | None:
    """The labelled box in units of YuNet's box of the same face; None where it has none."""
    box: Box = sample.box
    for x, y, width, height in teacher.look(read_picture(sample.path)).raw:
        middle_x, middle_y = (box.center_xy[0] - x) / width, (box.center_xy[1] - y) / height
        if abs(middle_x - 0.5) < SAME_MIDDLE and abs(middle_y - 0.5) < SAME_MIDDLE:
            return middle_x, middle_y, box.width / width, box.height / height
    return None
