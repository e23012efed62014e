"""Open the face finder that an address names.

Every finder's box means the tight box of the landmarks, which the crop rule needs.
"""

from pathlib import Path

import cv2
import numpy as np

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.files import absence
from device.contract.geometry import Box, Image
from device.finders.fallback import GuardedFinder
from device.finders.finder import Finder, FoundFace
from device.finders.settings import parse_finder
from device.finders.ssd import SsdFinder, needs_edgetpu
from device.finders.trained import SHIPPED, TrainedFinder
from device.inference.interpreter import load_interpreter
from device.inference.remote import OpenRemote, open_remotely

CENTRE_FRACTION = 0.7
"""Side of the assumed face over the frame's shorter side: between a close face and a distant one."""


class CentreFinder:
    """Assumes one face in the centre of the frame, as in a portrait, without searching."""

    def find(self, image: Image) -> list[FoundFace]:
        """The central square, with score 0: the network decides whether a face is there."""
        height, width = image.shape[:2]
        side = CENTRE_FRACTION * min(height, width)
        return [FoundFace(Box.centred(((width - 1) / 2, (height - 1) / 2), (side, side)), 0.0)]


YUNET_SIDE = 320
"""Longest side of YuNet's input: a fixed cost, and faces down to about 10 px there."""
YUNET_MIN_SCORE = 0.6

YUNET_TO_LANDMARKS = (0.5, 0.633, 1.058, 0.757)
"""Centre and size of the landmarks' box in units of YuNet's, which reaches up the forehead; fitted on
training faces by `python -m training fit-yunet --data FOLDER --yunet FILE`."""


class YuNetFinder:
    """OpenCV's FaceDetectorYN with a YuNet model file (Wu et al., 2023)."""

    def __init__(self, model: Path) -> None:
        """Load the ONNX file.

        Raises:
            BadInputError: no such file, or not a YuNet model.
        """
        if missing := absence(model):
            raise BadInputError(
                f"no YuNet model at {model} ({missing}): give the ONNX file, --finder yunet:FILE"
            )
        try:
            self._detector = cv2.FaceDetectorYN.create(
                str(model), "", (YUNET_SIDE, YUNET_SIDE), YUNET_MIN_SCORE
            )
        except cv2.error as error:
            raise BadInputError(f"{model} is no YuNet model for this OpenCV ({error.err})") from error

    def find(self, image: Image) -> list[FoundFace]:
        """Faces above the minimum score, best first."""
        height, width = image.shape[:2]
        scale = YUNET_SIDE / max(height, width)
        size_wh = max(round(width * scale), 1), max(round(height * scale), 1)
        small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        self._detector.setInputSize(size_wh)
        _, rows = self._detector.detect(small)
        if rows is None:
            return []
        found = [_face_of_row(row, width / size_wh[0], height / size_wh[1]) for row in rows]
        return sorted(found, key=lambda face: -face.score)


def _face_of_row(row: np.ndarray, scale_x: float, scale_y: float) -> FoundFace:
    """A YuNet row: x, y, width, height; right eye, left eye, nose, mouth corners; score."""
    x, y, width, height = (float(value) for value in row[:4])
    centre_x, centre_y, width_ratio, height_ratio = YUNET_TO_LANDMARKS
    centre_xy = (
        (x + centre_x * width + 0.5) * scale_x - 0.5,
        (y + centre_y * height + 0.5) * scale_y - 0.5,
    )
    box = Box.centred(centre_xy, (width * width_ratio * scale_x, height * height_ratio * scale_y))
    eyes = row[4:8].reshape(2, 2) * (scale_x, scale_y)
    across = eyes[1] - eyes[0]
    return FoundFace(box, float(row[-1]), float(np.arctan2(across[1], across[0])))


EDGETPU = open_remotely()


def open_finder(uri: str, threads: int = 1, open_remote: OpenRemote | None = EDGETPU) -> Finder:
    """The finder that an address names.

    Args:
        uri: as in `device.finders.settings.FORMS`.
        threads: of its interpreter.
        open_remote: opens a model that is compiled for an accelerator; None: no accelerator may be used.

    Raises:
        UsageError: an unknown finder, or a place missing or too many.
        BadInputError: its model file is missing or unusable.
        MissingOutsideError: it needs a runtime or an Edge TPU that is not there.
    """
    scheme, place = parse_finder(uri)
    model = Path(place).expanduser()
    if scheme == "trained":
        return TrainedFinder(model if place else SHIPPED, threads)
    if scheme == "yunet":
        return YuNetFinder(model)
    return open_ssd(model, threads, open_remote) if scheme == "ssd" else CentreFinder()


def open_ssd(model: Path, threads: int, open_remote: OpenRemote | None) -> Finder:
    """An SSD face model; one that is compiled for an accelerator with the shipped finder to fall back on.

    Raises:
        BadInputError: no such file, or no SSD model.
        MissingOutsideError: no runtime, or no accelerator may be used for a file that needs one.
    """
    if not needs_edgetpu(model):
        return SsdFinder(load_interpreter(model, threads, "give an SSD face model"))
    if open_remote is None:
        raise MissingOutsideError(
            f"model {model} is compiled for an Edge TPU, and inference.accelerator is cpu: "
            "set it to auto, or give the uncompiled file"
        )
    return GuardedFinder(
        f"finder {model.name}",
        TrainedFinder(SHIPPED, threads),
        lambda: SsdFinder(open_remote(model, threads)),
    )
