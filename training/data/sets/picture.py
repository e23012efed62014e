"""A picture's pixels, from a file of its own or from inside a .mat file."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from training.data.sets.sample import Sample

CONTAINER = ".mat"
"""Ending of a file that holds pictures."""

FARTHEST_OUTSIDE = 0.5
"""Face sizes by which a landmark may lie outside its picture: a face is sometimes cut off by the edge, but
one that lies farther out was labelled on another picture."""


def container_of(path: Path) -> Path:
    """The file that a picture's path lies in: itself, or the .mat file that it goes on inside."""
    return next((parent for parent in path.parents if parent.suffix == CONTAINER), path)


def _read_inside(path: Path, container: Path) -> NDArray[np.uint8]:
    """Picture N of cell array NAME in a MATLAB 7.3 file, by FILE.mat/NAME/N.

    MATLAB counts a picture's rows first and HDF5 last, hence the transposition.
    """
    import h5py

    name, number = path.relative_to(container).parts
    with h5py.File(container) as file:
        cells = file[name]
        picture = np.asarray(file[cells[np.unravel_index(int(number), cells.shape)]]).T
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    return np.ascontiguousarray(picture[:, :, ::-1], np.uint8)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture as (H, W, 3) uint8 BGR, in the pixels that the labels mean (EXIF rotation ignored).

    Raises:
        BadInputError: it cannot be decoded.
    """
    container = container_of(path)
    if container != path:
        try:
            return _read_inside(path, container)
        except (OSError, KeyError, ValueError, IndexError) as error:
            raise BadInputError(f"picture {path} cannot be read ({error}); fetch the set again") from error
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise BadInputError(f"picture {path} cannot be read: damaged or no picture; remove or replace it")
    return np.asarray(image, np.uint8)


def check_inside(sample: Sample, shape_hw: tuple[int, int]) -> None:
    """The landmarks are of a face in a picture of this size.

    Raises:
        BadInputError: a landmark lies far outside, or the face has no size.
    """
    landmarks, size = sample.landmarks, sample.box.longest_side
    height, width = shape_hw
    outside = np.maximum(-0.5 - landmarks, landmarks - (width - 0.5, height - 0.5)).max(axis=1)
    worst = int(outside.argmax())
    if size <= 0 or outside[worst] > FARTHEST_OUTSIDE * size:
        x, y = landmarks[worst]
        raise BadInputError(
            f"{sample.name}: landmark {worst} lies at ({x:.0f}, {y:.0f}), face size {size:.0f}, the picture "
            f"{sample.path} has {width} x {height} pixels; remove the face or fetch its labels again"
        )


def read_face_picture(sample: Sample) -> NDArray[np.uint8]:
    """The picture of a labelled face, as `read_picture`, the labels held against it.

    Raises:
        BadInputError: it cannot be decoded, or the labels are not of this picture.
    """
    image = read_picture(sample.path)
    check_inside(sample, (image.shape[0], image.shape[1]))
    return image
