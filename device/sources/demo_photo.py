"""The demo camera's photograph: Eileen Collins by NASA, 1993, in the public domain.

It is not committed. `python -m device.sources.demo_photo` takes it from the scikit-image wheel, once, when
the environment or the device's wheel is built; the running device needs no scikit-image.
"""

import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError, MissingOutsideError, run_program
from device.contract.exit_codes import ExitCode
from device.contract.files import write_whole_bytes

PHOTO = Path(__file__).parents[1] / "assets" / "astronaut.jpg"
"""Where the photograph lies once it has been taken out."""

SHAPE = (512, 512, 3)
"""Of the photograph; the demo's path is laid out in its pixels."""

# Above what the eye can tell; the PNG itself is six times as large and makes libpng complain.
_JPEG_QUALITY = 95


def load_photo(path: Path = PHOTO) -> NDArray[np.uint8]:
    """(512, 512, 3) uint8 blue green red.

    Raises:
        MissingOutsideError: it has not been taken out of its wheel yet, or is damaged.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if image is None or image.shape != SHAPE:
        raise MissingOutsideError(
            f"no demo photograph at {path}; make it with `python -m device.sources.demo_photo` "
            "in an environment that has scikit-image, or use another source"
        )
    return np.asarray(image, np.uint8)


def find_original() -> Path:
    """The photograph inside the installed scikit-image, which is not imported.

    Raises:
        MissingOutsideError: scikit-image is not installed, or without its photograph.
    """
    spec = importlib.util.find_spec("skimage")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or []:
        original = Path(folder) / "data" / "astronaut.png"
        if original.is_file():
            return original
    raise MissingOutsideError(
        "no photograph skimage/data/astronaut.png in this environment; install scikit-image and run again"
    )


def take_out(original: Path, path: Path = PHOTO) -> None:
    """Write the photograph where the device looks for it.

    Raises:
        BadInputError: the original is not the photograph that the demo's path is laid out on.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    image = cv2.imread(str(original), cv2.IMREAD_COLOR)
    if image is None or image.shape != SHAPE:
        got = "no picture" if image is None else f"shape {image.shape}"
        raise BadInputError(f"{original} has {got}, wanted {SHAPE}; use another scikit-image release")
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    write_whole_bytes(path, data.tobytes())


def main() -> int:
    """Take the photograph out of its wheel, unless it is there already."""
    if not PHOTO.is_file():
        take_out(find_original())
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(run_program(main))
