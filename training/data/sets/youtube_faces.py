"""YouTube Faces with 68 points: a CSV of `name, x0, y0, ...` beside a folder of frames, 0-based.

The labels come from a network and are rounded to whole pixels.
"""

import csv
from pathlib import Path

import numpy as np

from device.contract.errors import BadInputError
from training.data.sets.lists import spelling
from training.data.sets.sample import Faces, Sample
from training.data.sets.text import read_text
from training.data.sets.usable import usable

PARTS = (
    ("training_frames_keypoints.csv", "training"),
    ("test_frames_keypoints.csv", "test"),
)
"""CSV file and the folder its names point into."""


def subject_of(name: str) -> str:
    """The person of a frame: `Ann_Lee_12` and `youtube_faces/test/Ann_Lee_12` are of Ann_Lee."""
    return name.rsplit("/", 1)[-1].rsplit("_", 1)[0]


def subjects_below(folder: Path) -> set[str]:
    """Everybody of whom there is a frame, labelled or not, in the spelling of list files."""
    return {subject_of(spelling(path.name)) for _, part in PARTS for path in (folder / part).glob("*.jpg")}


def _read_part(folder: Path, table: str, part: str) -> list[Sample]:
    path = folder / table
    text = read_text(path, "the keypoint table of YouTube Faces beside its frames")
    try:
        rows = list(csv.reader(text.splitlines()))[1:]
    except csv.Error as error:
        raise BadInputError(f"{path} is not a table of comma-separated values ({error})") from error
    return [
        _sample_of(row, folder / part, f"{path} line {line}") for line, row in enumerate(rows, start=2) if row
    ]


def _sample_of(row: list[str], folder: Path, where: str) -> Sample:
    """The face of one row.

    Raises:
        BadInputError: the row is not a name and 136 numbers.
    """
    try:
        landmarks = np.asarray(row[1:], np.float32).reshape(68, 2)
    except ValueError as error:
        raise BadInputError(f"{where}: wanted a name and 136 numbers ({error})") from error
    name = f"youtube_faces/{folder.name}/{spelling(row[0])}"
    return Sample(name, folder / row[0], landmarks, "youtube_faces")


def read_youtube_faces(folder: Path) -> Faces:
    """Every labelled frame, in table order.

    Raises:
        BadInputError: a table is missing or damaged.
    """
    return usable([sample for table, part in PARTS for sample in _read_part(folder, table, part)])


def unlabelled_frames(folder: Path) -> list[Path]:
    """Frames that no table names, sorted by name.

    Raises:
        BadInputError: a table is missing or damaged.
    """
    labelled = {sample.path for table, part in PARTS for sample in _read_part(folder, table, part)}
    frames = (path for _, part in PARTS for path in sorted((folder / part).glob("*.jpg")))
    return [path for path in frames if path not in labelled]
