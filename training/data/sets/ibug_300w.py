"""300-W: folders of pictures, each with a .pts file of the same stem (Sagonas et al., ICCVW 2013)."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from device.contract.errors import BadInputError
from training.data.sets.lists import spelling
from training.data.sets.pts import read_pts
from training.data.sets.sample import Faces, Sample
from training.data.sets.usable import usable

LABEL_ENDING = ".pts"
PICTURE_ENDINGS = (".jpg", ".png", ".jpeg")
"""Of several pictures of one stem the first counts. Capitals in an ending mean nothing."""
SOURCE = "300-W can be downloaded from the iBUG group's site"

LOG = logging.getLogger(__name__)


def _by_name(folder: Path, files: Sequence[Path], ending: str) -> dict[str, Path]:
    """Files of an ending by their path relative to the folder, without ending and in one spelling."""
    named = (path for path in files if path.suffix.lower() == ending)
    return {spelling(path.relative_to(folder).with_suffix("").as_posix() + ending): path for path in named}


def _files_below(folder: Path) -> list[Path]:
    """Every file below a folder, sorted, without hidden files (archives of other systems bring some)."""
    return sorted(path for path in folder.rglob("*") if not path.name.startswith(".") and path.is_file())


def _warn_of_unlabelled(labels: dict[str, Path], pictures: dict[str, Path]) -> None:
    left_out = sorted(set(pictures) - set(labels))
    if left_out:
        LOG.warning(
            "%d pictures without a .pts file left out, the first %s", len(left_out), pictures[left_out[0]]
        )


def read_300w(folder: Path, names: Iterable[str] | None = None) -> Faces:
    """Every labelled face below `folder`, sorted by path, or those of `names` in that order.

    A picture without labels and a face with hidden points are left out, with a warning.

    Args:
        folder: searched recursively for .pts files.
        names: relative paths without ending, as `read_list` gives them.

    Raises:
        BadInputError: no face, a face without its picture, a damaged .pts, a name that is not there.
    """
    if not folder.is_dir():
        raise BadInputError(f"no folder {folder}: wanted pictures with .pts files (300-W layout)")
    files = _files_below(folder)
    labels = _by_name(folder, files, LABEL_ENDING)
    pictures: dict[str, Path] = {}
    for ending in reversed(PICTURE_ENDINGS):
        pictures |= _by_name(folder, files, ending)
    if not labels:
        raise BadInputError(
            f"no .pts file below {folder}: wanted 300-W's layout, NAME.jpg beside NAME.pts; {SOURCE}"
        )
    if names is None:
        _warn_of_unlabelled(labels, pictures)
    chosen = labels if names is None else names
    return usable([_sample_of(name, folder, labels, pictures) for name in chosen], origin=1)


def _sample_of(name: str, folder: Path, labels: dict[str, Path], pictures: dict[str, Path]) -> Sample:
    """The face of that name.

    Raises:
        BadInputError: labels or picture are not there, or the labels are damaged.
    """
    if name not in labels:
        raise BadInputError(f"{folder / name}.pts is on the list but not there; check --list and the folder")
    if name not in pictures:
        wanted = f"{labels[name].stem}{'|'.join(PICTURE_ENDINGS)}"
        raise BadInputError(f"{labels[name]} has no picture beside it: wanted {wanted}; {SOURCE}")
    return Sample(name=f"300w/{name}", path=pictures[name], landmarks=read_pts(labels[name]), source="300w")
