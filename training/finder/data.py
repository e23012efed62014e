"""A data folder as whole pictures, split into training and validation."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from training.data.sets import USUAL_SETS, Sample, read_data_folder, read_list
from training.data.sets.youtube_faces import subject_of, unlabelled_frames
from training.finder.pictures import Picture, group_pictures

UNLABELLED = "youtube_faces_unlabelled"
"""Name of the set of frames whose faces are labelled by the teacher alone."""


@dataclass(frozen=True, eq=False)
class PictureSplit:
    """Pictures to train on and pictures to validate on."""

    train: list[Picture]
    train_samples: list[Sample]
    """Labelled faces of `train`."""
    validation: list[Picture]


def read_unlabelled(folder: Path) -> list[Picture]:
    """Frames of YouTube Faces without labels, without those of held-out people.

    Raises:
        BadInputError: a table or the list of people is missing or damaged.
    """
    held_out = set(read_list(folder / "validation_subjects.txt"))
    return [
        Picture(path, UNLABELLED, ())
        for path in unlabelled_frames(folder)
        if subject_of(path.stem) not in held_out
    ]


def read_pictures(data: Path, sets: Collection[str] = ()) -> PictureSplit:
    """Every picture of the data sets that are there, split by the sets' own lists.

    Args:
        data: folder with the data sets.
        sets: their names, UNLABELLED among them; none: the usual ones with it.

    Raises:
        BadInputError: no known set there, or a damaged one.
    """
    wanted = sets or (*USUAL_SETS, UNLABELLED)
    split = read_data_folder(data, sets=[name for name in wanted if name != UNLABELLED])
    frames = data / "youtube_faces"
    unlabelled = read_unlabelled(frames) if UNLABELLED in wanted and frames.is_dir() else []
    return PictureSplit(
        group_pictures(split.train) + unlabelled, split.train, group_pictures(split.validation)
    )
