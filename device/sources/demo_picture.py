"""The picture that the demo camera moves over: a photograph where there is one, else a drawn face.

The photograph (`device.sources.demo_photo`) is fetched by `make` and is in no wheel. The drawn face
(`training.data.demo_face`) is part of the package, so that the demo and the self-test run wherever it is
installed. Both have their face at the same place, on which `device.sources.demo_path` is laid out.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import MissingOutsideError
from device.sources.demo_path import SIDE
from device.sources.demo_photo import PHOTO, load_photo

DRAWN_FACE = Path(__file__).parents[1] / "assets" / "demo_face.jpg"
"""The drawn face."""

DRAWN_SCALE = 3
"""Pixels of the drawn face's file for each of these; odd, so that a pixel lies at the centre of each."""


def _load_drawn_face() -> NDArray[np.uint8]:
    """(SIDE * DRAWN_SCALE, SIDE * DRAWN_SCALE, 3) uint8 blue green red.

    Raises:
        MissingOutsideError: the package is damaged.
    """
    image = cv2.imread(str(DRAWN_FACE), cv2.IMREAD_COLOR) if DRAWN_FACE.is_file() else None
    if image is None or image.shape != (SIDE * DRAWN_SCALE, SIDE * DRAWN_SCALE, 3):
        raise MissingOutsideError(f"{DRAWN_FACE} is missing or damaged; install this package again")
    return np.asarray(image, np.uint8)


def drawn_face() -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3) uint8 blue green red: the drawn face, with whole pixels taken from its file.

    Raises:
        MissingOutsideError: the package is damaged.
    """
    centres = slice(DRAWN_SCALE // 2, None, DRAWN_SCALE)
    return np.ascontiguousarray(_load_drawn_face()[centres, centres])


def demo_face() -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3) uint8 blue green red: the photograph if it has been fetched, else the drawn face.

    Raises:
        MissingOutsideError: the photograph or the package is damaged.
    """
    return load_photo() if PHOTO.is_file() else drawn_face()


def demo_picture() -> NDArray[np.uint8]:
    """The same as sharp as there is: both sides are a whole multiple of SIDE.

    Raises:
        MissingOutsideError: the photograph or the package is damaged.
    """
    return load_photo() if PHOTO.is_file() else _load_drawn_face()
