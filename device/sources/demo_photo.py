"""The demo camera's photograph: Eileen Collins by NASA, 1993, in the public domain.

It is not committed. `python -m device.sources.demo_photo [WHEEL]` takes it out of a scikit-image wheel, or of
the installed package, once; `make` calls it. The running device needs no scikit-image.
"""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError, MissingOutsideError, run_program
from device.contract.exit_codes import ExitCode
from device.contract.files import write_whole_bytes
from device.support.native_stderr import without_lines

PHOTO = Path(__file__).parents[1] / "assets" / "astronaut.jpg"
"""Where the photograph is kept once it has been taken out of its wheel."""

ORIGINAL = "skimage/data/astronaut.png"
"""Of the wheel."""

SHAPE = (512, 512, 3)
"""Of the photograph; the demo's path is given in its pixels."""

# No difference is visible; the PNG itself is six times as large and makes libpng warn.
_JPEG_QUALITY = 95


def load_photo(path: Path = PHOTO) -> NDArray[np.uint8]:
    """(512, 512, 3) uint8 blue green red.

    Raises:
        MissingOutsideError: it has not been taken out of its wheel yet, or is damaged.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if image is None or image.shape != SHAPE:
        raise MissingOutsideError(
            f"no demo photograph at {path}; make it with `python -m device.sources.demo_photo WHEEL`, "
            "WHEEL being one of scikit-image, or use another source"
        )
    return np.asarray(image, np.uint8)


def read_original(wheel: Path | None = None) -> bytes:
    """The photograph's PNG file, out of a wheel, or of the installed package, which is not imported.

    Raises:
        BadInputError: the wheel cannot be read, or has no such file.
        MissingOutsideError: scikit-image is not installed, or without its photograph.
    """
    if wheel is not None:
        import zipfile

        try:
            with zipfile.ZipFile(wheel) as archive:
                return archive.read(ORIGINAL)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise BadInputError(f"{wheel}: no {ORIGINAL} in it; wanted a scikit-image wheel") from error
    spec = importlib.util.find_spec("skimage")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        installed = Path(folder).parent / ORIGINAL
        if installed.is_file():
            return installed.read_bytes()
    raise MissingOutsideError(f"no {ORIGINAL} in this environment; name a scikit-image wheel instead")


def take_out(original: bytes, path: Path = PHOTO) -> None:
    """Write the photograph to where the device reads it.

    Args:
        original: content of the PNG file.
        path: of the JPEG to write.

    Raises:
        BadInputError: the original is not the photograph that the demo's path is laid out on.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    # Its colour profile is one that libpng knows to be wrong; the colours are not touched.
    with without_lines(b"libpng warning"):
        image = cv2.imdecode(np.frombuffer(original, np.uint8), cv2.IMREAD_COLOR) if original else None
    if image is None or image.shape != SHAPE:
        got = "no picture" if image is None else f"a picture of shape {image.shape}"
        raise BadInputError(f"{ORIGINAL} is {got}, wanted {SHAPE}; use another scikit-image release")
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    write_whole_bytes(path, data.tobytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the photograph out of its wheel, unless it is there already."""
    parser = argparse.ArgumentParser(prog="python -m device.sources.demo_photo", description=main.__doc__)
    parser.add_argument("wheel", type=Path, nargs="?", help="scikit-image (default: the installed package)")
    wheel = parser.parse_args(arguments).wheel
    if not PHOTO.is_file():
        take_out(read_original(wheel), PHOTO)
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(run_program(main))
