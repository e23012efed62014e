"""Folders that this project's own commands write: pictures and one table of labels.

    FOLDER/pictures/NAME.jpg
    FOLDER/labels.npz         the columns COLUMNS, a row a face

`fairface` is written by `python -m training pseudo-label`, `drawn` by `python -m training draw`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.arrays import read_arrays, write_arrays
from device.contract.errors import BadInputError
from training.data.sets.sample import Faces, Sample
from training.data.sets.usable import usable

LABELS = "labels.npz"
PICTURES = "pictures"
COLUMNS = ("set", "pictures", "landmarks", "held_out")
"""Name of the set; path of each picture in the folder; (N, 68, 2) pixels, (0, 0) the centre of the top left
pixel; whether the face is for validation alone."""

COMMANDS = {"fairface": "pseudo-label", "drawn": "draw"}
"""What writes each set."""


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """Faces to train on, and faces for validation alone."""

    train: Faces
    held_out: Faces


def write_labels(
    folder: Path,
    name: str,
    pictures: Sequence[str],
    landmarks: NDArray[np.floating],
    held_out: NDArray[np.bool_],
) -> Path:
    """Write the table; its path.

    Args:
        folder: that holds the pictures.
        name: of the set.
        pictures: N paths within the folder.
        landmarks: (N, 68, 2) pixels.
        held_out: (N,) for validation alone.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    path = folder / LABELS
    write_arrays(
        path, set=np.array(name), pictures=np.array(pictures, np.str_),
        landmarks=landmarks.astype(np.float32), held_out=held_out,
    )  # fmt: skip
    return path


def read_labelled(folder: Path, name: str) -> LabelledFaces:
    """Every face of a folder, in scheme ibug_68.

    Args:
        folder: that one of the COMMANDS has written.
        name: of the set.

    Raises:
        BadInputError: the labels are missing, damaged or of another set, or a picture is missing.
    """
    remedy = f"write the folder with `python -m training {COMMANDS[name]}`"
    path = folder / LABELS
    kind, pictures, landmarks, held_out = read_arrays(path, *COLUMNS, remedy=remedy)
    count = len(pictures)
    if kind.shape != () or str(kind) != name:
        raise BadInputError(f"{path} holds the set {kind}, wanted {name}; {remedy}")
    if landmarks.shape != (count, 68, 2) or held_out.shape != (count,) or held_out.dtype != np.bool_:
        raise BadInputError(f"{path} holds columns of different lengths; {remedy}")
    samples = [
        Sample(f"{name}/{Path(str(picture)).stem}", _picture(folder, str(picture), remedy), points, name)
        for picture, points in zip(pictures, landmarks.astype(np.float32), strict=True)
    ]
    kept = [
        [one for one, is_kept in zip(samples, held_out, strict=True) if is_kept == which] for which in (0, 1)
    ]
    return LabelledFaces(usable(kept[0]), usable(kept[1]))


def _picture(folder: Path, name: str, remedy: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise BadInputError(f"no {path}, which {folder / LABELS} names; {remedy}")
    return path
