"""Finders: where in a frame are faces? Searched when nothing is tracked.

A found box means the tight box of the landmarks; that is what the crop rule wants.
"""

from pathlib import Path

import cv2
import numpy as np

from device.contract.errors import BadInputError, MissingOutsideError, UsageError
from device.contract.geometry import Box
from device.contract.image import Image
from device.finders.fallback import GuardedFinder
from device.finders.finder import Finder, FoundFace
from device.finders.settings import FORMS
from device.finders.ssd import SsdFinder, needs_edgetpu
from device.finders.trained import SHIPPED, TrainedFinder
from device.inference.interpreter import load_interpreter
from device.inference.remote import OpenRemote, open_remotely
from device.support.suggestion import unknown_word

CENTRE_SHARE = 0.7
"""Side of the assumed face over the frame's shorter side: between a close face and a distant one."""


class CentreFinder:
    """Looks nowhere: assumes one face in the largest central square, as for a portrait."""

    def find(self, image: Image) -> list[FoundFace]:
        """The middle of the frame, with no opinion on whether a face is there."""
        height, width = image.shape[:2]
        side = CENTRE_SHARE * min(height, width)
        return [FoundFace(Box.centred(((width - 1) / 2, (height - 1) / 2), (side, side)), 0.0)]


YUNET_SIDE = 320
"""Longest side that YuNet is shown: its fixed cost, and faces down to about 10 px there."""
YUNET_LEAST_SCORE = 0.6

YUNET_TO_LANDMARKS = (0.5, 0.633, 1.058, 0.757)
"""Middle and size of the landmarks' box in units of YuNet's, which reaches up the forehead; fitted on
training faces by `python -m training fit-yunet --data FOLDER --yunet FILE`."""


class YuNetFinder:
    """OpenCV's FaceDetectorYN with a YuNet model file (Wu et al., 2023)."""

    def __init__(self, model: Path) -> None:
        """Load the ONNX file.

        Raises:
            BadInputError: no such file, or not a YuNet model.
        """
        if not model.is_file():
            raise BadInputError(f"no YuNet model at {model}: give the ONNX file, --finder yunet:FILE")
        try:
            self._detector = cv2.FaceDetectorYN.create(
                str(model), "", (YUNET_SIDE, YUNET_SIDE), YUNET_LEAST_SCORE
            )
        except cv2.error as error:
            raise BadInputError(f"{model} is no YuNet model for this OpenCV ({error.err})") from error

    def find(self, image: Image) -> list[FoundFace]:
        """Faces above the least score, best first."""
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
    middle_x, middle_y, share_x, share_y = YUNET_TO_LANDMARKS
    center_xy = (
        (x + middle_x * width + 0.5) * scale_x - 0.5,
        (y + middle_y * height + 0.5) * scale_y - 0.5,
    )
    box = Box.centred(center_xy, (width * share_x * scale_x, height * share_y * scale_y))
    eyes = row[4:8].reshape(2, 2) * (scale_x, scale_y)
    across = eyes[1] - eyes[0]
    return FoundFace(box, float(row[-1]), float(np.arctan2(across[1], across[0])))


EDGETPU = open_remotely()


def open_finder(uri: str, threads: int = 1, open_remote: OpenRemote | None = EDGETPU) -> Finder:
    """The finder that an address names.

    Args:
        uri: as in FORMS.
        threads: of its interpreter.
        open_remote: opens a model that is compiled for an accelerator; None: there shall be none.

    Raises:
        UsageError: an unknown finder, or a place missing or too many.
        BadInputError: its model file is missing or unusable.
        MissingOutsideError: it needs a runtime or an Edge TPU that is not there.
    """
    scheme, _, place = uri.partition(":")
    if scheme not in FORMS:
        raise unknown_word("finder", scheme, list(FORMS))
    if scheme != "trained" and (scheme == "centre") == bool(place):
        raise UsageError(f"finder {uri!r}: write {FORMS[scheme]}")
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
