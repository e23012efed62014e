"""A data folder as two lists of labelled faces: to train on, and to select and report on."""

from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import BadInputError
from training.datasets.ibug_300w import read_300w, read_list
from training.datasets.sample import Sample
from training.datasets.youtube_faces import read_youtube_faces, subject_of


@dataclass(frozen=True, eq=False)
class Split:
    """What may be learnt from, and what may not."""

    train: list[Sample]
    validation: list[Sample]


def _split_300w(folder: Path) -> Split:
    faces = read_300w(folder)
    held_out = {f"300w/{name}" for name in read_list(folder / "validation.txt")}
    return Split(
        [face for face in faces if face.name not in held_out],
        [face for face in faces if face.name in held_out],
    )


def _split_youtube_faces(folder: Path) -> Split:
    held_out = set(read_list(folder / "validation_subjects.txt"))
    faces = read_youtube_faces(folder)
    return Split(
        [face for face in faces if subject_of(face.name) not in held_out],
        [face for face in faces if subject_of(face.name) in held_out],
    )


def read_data_folder(data: Path) -> Split:
    """Every set found in a data folder: `300w/` and `youtube_faces/`, split by their own lists.

    Raises:
        BadInputError: no known set there, or a damaged one.
    """
    readers = {"300w": _split_300w, "youtube_faces": _split_youtube_faces}
    splits = [read(data / name) for name, read in readers.items() if (data / name).is_dir()]
    if not splits:
        raise BadInputError(
            f"no data set in {data}: wanted a folder with {' or '.join(readers)}; see training/README.md"
        )
    return Split(
        [face for split in splits for face in split.train],
        [face for split in splits for face in split.validation],
    )


__all__ = ["Sample", "Split", "read_300w", "read_data_folder", "read_list", "read_youtube_faces"]
