"""Any SSD face model with TensorFlow's four-output postprocessing, on a Coral or on the CPU.

Such files carry no manifest: what the four tensors mean is fixed by TFLite_Detection_PostProcess
(boxes, classes, scores, count). None is shipped or measured here.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.files import absence
from device.contract.geometry import Box
from device.finders.finder import FoundFace
from device.inference.remote import RemoteInterpreter

MIN_SCORE = 0.5

SSD_TO_LANDMARKS = (0.5, 0.633, 1.058, 0.757)
"""Centre and size of the landmarks' box in units of the model's: YuNet's, since both box the face up
the forehead. Not measured; the tracker's refining passes correct the difference."""

EDGETPU_MARK = b"edgetpu-custom-op"
"""Operator that only the Edge TPU's delegate supports."""


def needs_edgetpu(model: Path) -> bool:
    """Whether a model file is compiled for an Edge TPU.

    Raises:
        BadInputError: no such file.
    """
    if missing := absence(model):
        raise BadInputError(f"no SSD model at {model} ({missing}): give a .tflite file, --finder ssd:FILE")
    return EDGETPU_MARK in model.read_bytes()


class SsdFinder:
    """Boxes of an SSD face model; it gives no roll, so heads are taken as upright."""

    def __init__(self, interpreter: Any) -> None:
        """Look up the tensors.

        Raises:
            BadInputError: the input is no picture of bytes, or the outputs are not the four.
        """
        self._interpreter = interpreter
        taken = interpreter.get_input_details()[0]
        shape = tuple(int(size) for size in taken["shape"])
        if len(shape) != 4 or shape[3] != 3 or np.dtype(taken["dtype"]) != np.uint8:
            raise BadInputError(
                f"SSD model takes {np.dtype(taken['dtype'])} {shape}, wanted uint8 (1, H, W, 3): "
                "give a quantised SSD face model"
            )
        self._input, self._input_wh = taken["index"], (shape[2], shape[1])
        self._boxes, self._scores, self._count = _find_outputs(interpreter.get_output_details())

    def find(self, image: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces of a frame (H, W, 3) uint8 BGR above the minimum score, best first.

        Raises:
            AcceleratorError: the interpreter runs on one, and it has failed.
        """
        # Such models are trained on stretched RGB pictures: their boxes are in fractions of the frame.
        small = cv2.resize(image, self._input_wh, interpolation=cv2.INTER_LINEAR)
        np.copyto(self._interpreter.tensor(self._input)()[0], small[:, :, ::-1])
        self._interpreter.invoke()
        boxes, scores, count = (
            np.array(self._interpreter.tensor(index)()) for index in (self._boxes, self._scores, self._count)
        )
        known = max(int(count.ravel()[0]), 0)
        height, width = image.shape[:2]
        faces = [
            _face(corners * (height, width, height, width), float(score))
            for corners, score in zip(boxes[0, :known], scores[0, :known], strict=True)
            if score >= MIN_SCORE
        ]
        return sorted(faces, key=lambda face: -face.score)

    def close(self) -> None:
        """End an accelerator's process."""
        if isinstance(self._interpreter, RemoteInterpreter):
            self._interpreter.close()


def _find_outputs(details: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Indices of boxes, scores and count.

    Raises:
        BadInputError: other outputs than TFLite_Detection_PostProcess gives.
    """
    shapes = [tuple(int(size) for size in found["shape"]) for found in details]
    boxes = [found for found, shape in zip(details, shapes, strict=True) if shape[2:] == (4,)]
    counts = [found for found, shape in zip(details, shapes, strict=True) if shape == (1,)]
    # Classes and scores have one shape; the operator gives them in this order, and names count up.
    lists = sorted((found for found in details if len(found["shape"]) == 2), key=lambda found: found["name"])
    if len(details) != 4 or (len(boxes), len(counts), len(lists)) != (1, 1, 2):
        raise BadInputError(
            f"SSD model has outputs {shapes}, wanted boxes (1, N, 4), classes (1, N), scores (1, N) and a "
            "count (1,): export it with TFLite_Detection_PostProcess"
        )
    return boxes[0]["index"], lists[1]["index"], counts[0]["index"]


def _face(corners: NDArray[np.floating], score: float) -> FoundFace:
    """One row: y_min, x_min, y_max, x_max by the frame's outer edges, in pixels."""
    y_min, x_min, y_max, x_max = (float(value) - 0.5 for value in corners)
    width, height = x_max - x_min, y_max - y_min
    centre_x, centre_y, width_ratio, height_ratio = SSD_TO_LANDMARKS
    centre_xy = x_min + centre_x * width, y_min + centre_y * height
    return FoundFace(Box.centred(centre_xy, (width_ratio * width, height_ratio * height)), score)
