"""A data folder as two lists of labelled faces: to train on, and to select and report on."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from device.contract.errors import BadInputError
from training.data.sets.aflw2000 import read_aflw2000
from training.data.sets.cofw import read_cofw
from training.data.sets.counts import notes_on
from training.data.sets.ibug_300w import read_300w
from training.data.sets.labelled import read_labelled
from training.data.sets.lists import check_all_found, read_list
from training.data.sets.rendered import HELD_OUT, avatar_of, read_rendered
from training.data.sets.sample import Sample
from training.data.sets.schemes import converted
from training.data.sets.wflw import read_wflw
from training.data.sets.youtube_faces import read_youtube_faces, subject_of, subjects_below


@dataclass(frozen=True, eq=False)
class Split:
    """What may be learnt from, and what may not."""

    train: list[Sample]
    validation: list[Sample]
    notes: list[str] = field(default_factory=list)
    """Sets that are not of their published size or of which faces were left out, one line each."""


def read_validation(data: Path) -> list[Sample]:
    """The 300-W faces of `validation.txt`, in its order: what figures are compared on.

    Raises:
        BadInputError: folder or list missing or damaged.
    """
    return read_300w(data / "300w", read_list(data / "300w" / "validation.txt"))


def _split_300w(folder: Path, *, strict: bool) -> Split:
    faces = read_300w(folder)
    listed = folder / "validation.txt"
    names = [f"300w/{name}" for name in read_list(listed)]
    check_all_found(listed, names, {*faces.left_out, *(face.name for face in faces)})
    held_out = set(names)
    return Split(
        [face for face in faces if face.name not in held_out],
        [face for face in faces if face.name in held_out],
        notes_on("300w", "train", faces, strict=strict),
    )


def _split_youtube_faces(folder: Path, *, strict: bool) -> Split:
    listed = folder / "validation_subjects.txt"
    names = read_list(listed)
    check_all_found(listed, names, subjects_below(folder))
    held_out = set(names)
    faces = read_youtube_faces(folder)
    return Split(
        [face for face in faces if subject_of(face.name) not in held_out],
        [face for face in faces if subject_of(face.name) in held_out],
        notes_on("youtube_faces", "all", faces, strict=strict),
    )


def _split_wflw(folder: Path, *, strict: bool) -> Split:
    train, test = read_wflw(folder, "train"), read_wflw(folder, "test")
    notes = notes_on("wflw", "train", train, strict=strict)
    return Split(train, test, notes + notes_on("wflw", "test", test, strict=strict))


def _split_cofw(folder: Path, *, strict: bool) -> Split:
    train, test = read_cofw(folder, "train"), read_cofw(folder, "test")
    notes = notes_on("cofw", "train", train, strict=strict)
    return Split(train, test, notes + notes_on("cofw", "test", test, strict=strict))


def _split_aflw2000(folder: Path, *, strict: bool) -> Split:
    faces = read_aflw2000(folder)
    return Split([], faces, notes_on("aflw2000", "all", faces, strict=strict))


def _split_rendered(folder: Path, *, strict: bool) -> Split:
    del strict  # a rendered set is of any size
    faces = read_rendered(folder)
    return Split(
        [face for face in faces if avatar_of(face.name) not in HELD_OUT],
        [face for face in faces if avatar_of(face.name) in HELD_OUT],
    )


def _split_labelled(name: str) -> Callable[..., Split]:
    """The split of a set that this project's own commands write: of any size, its held-out faces marked."""

    def split(folder: Path, *, strict: bool) -> Split:
        del strict
        faces = read_labelled(folder, name)
        return Split(faces.train, faces.held_out)

    return split


SPLITS = {
    "300w": _split_300w,
    "youtube_faces": _split_youtube_faces,
    "wflw": _split_wflw,
    "cofw": _split_cofw,
    "aflw2000": _split_aflw2000,
    "fairface": _split_labelled("fairface"),
    "rendered": _split_rendered,
    "drawn": _split_labelled("drawn"),
}
"""Every set by the name of its folder."""

USUAL_SETS = ("300w", "youtube_faces")
"""Read where a run file names none."""


def read_data_folder(
    data: Path,
    scheme: str = "ibug_68",
    sets: Collection[str] = USUAL_SETS,
    *,
    strict_counts: bool = False,
) -> Split:
    """The sets found in a data folder, each split by its own lists.

    Args:
        data: holds a folder for each set.
        scheme: every face is converted to it.
        sets: names out of SPLITS; those not there are left out.
        strict_counts: a set that is not of its published size is an error, not a note.

    Raises:
        BadInputError: none of the sets there, a damaged one, or one whose labels cannot be converted.
    """
    unknown = sorted(set(sets) - set(SPLITS))
    if unknown:
        raise BadInputError(f"data set {unknown[0]!r} is unknown, known: {', '.join(SPLITS)}")
    found = [name for name in SPLITS if name in sets and (data / name).is_dir()]
    if not found:
        raise BadInputError(
            f"no data set in {data}: wanted a folder with {' or '.join(sets)}; see training/README.md"
        )
    splits = [SPLITS[name](data / name, strict=strict_counts) for name in found]
    return Split(
        [face for split in splits for face in converted(split.train, scheme)],
        [face for split in splits for face in converted(split.validation, scheme)],
        [note for split in splits for note in split.notes],
    )


__all__ = ["Sample", "Split", "read_300w", "read_data_folder", "read_list", "read_youtube_faces"]
