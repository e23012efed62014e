"""300-W: folders of pictures, each with a .pts file of the same stem (Sagonas et al., ICCVW 2013)."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from device.contract.errors import BadInputError
from training.data.sets.pts import read_pts
from training.data.sets.sample import Sample

LABEL_ENDING = ".pts"
PICTURE_ENDINGS = (".jpg", ".png", ".jpeg")
"""Of several pictures of one stem the first counts. Capitals in an ending mean nothing."""
SOURCE = "300-W is had from the iBUG group's site"

LOG = logging.getLogger(__name__)


def _by_stem(files: Sequence[Path], ending: str) -> dict[Path, Path]:
    """Files of an ending by their path without it."""
    return {path.with_suffix(""): path for path in files if path.suffix.lower() == ending}


def _files_below(folder: Path) -> list[Path]:
    """Every file below a folder, sorted; hidden ones (other systems' leavings in an archive) left out."""
    return sorted(path for path in folder.rglob("*") if not path.name.startswith(".") and path.is_file())


def _note_unlabelled(labels: dict[Path, Path], pictures: dict[Path, Path]) -> None:
    left_out = sorted(set(pictures) - set(labels))
    if left_out:
        LOG.warning(
            "%d pictures without a .pts file left out, the first %s", len(left_out), pictures[left_out[0]]
        )


def read_300w(folder: Path, names: Iterable[str] | None = None) -> list[Sample]:
    """Every labelled face below `folder`, sorted by path, or those of `names` in that order.

    A picture without labels is left out, with a note.

    Args:
        folder: searched recursively for .pts files.
        names: relative paths without ending, as a list file holds them.

    Raises:
        BadInputError: no face, a face without its picture, a damaged .pts, a name that is not there.
    """
    if not folder.is_dir():
        raise BadInputError(f"no folder {folder}: wanted pictures with .pts files (300-W layout)")
    files = _files_below(folder)
    labels = _by_stem(files, LABEL_ENDING)
    pictures: dict[Path, Path] = {}
    for ending in reversed(PICTURE_ENDINGS):
        pictures |= _by_stem(files, ending)
    if not labels:
        raise BadInputError(
            f"no .pts file below {folder}: wanted 300-W's layout, NAME.jpg beside NAME.pts; {SOURCE}"
        )
    if names is None:
        chosen = list(labels)
        _note_unlabelled(labels, pictures)
    else:
        chosen = [folder / name for name in names]
    return [_sample_of(stem, folder, labels, pictures) for stem in chosen]


def _sample_of(stem: Path, folder: Path, labels: dict[Path, Path], pictures: dict[Path, Path]) -> Sample:
    """The face whose files are called `stem`, a path without ending.

    Raises:
        BadInputError: labels or picture are not there, or the labels are damaged.
    """
    if stem not in labels:
        raise BadInputError(f"{stem}.pts is on the list but not there; check --list and the folder")
    if stem not in pictures:
        wanted = f"{stem.name}{'|'.join(PICTURE_ENDINGS)}"
        raise BadInputError(f"{labels[stem]} has no picture beside it: wanted {wanted}; {SOURCE}")
    return Sample(
        name=f"300w/{stem.relative_to(folder).as_posix()}",
        path=pictures[stem],
        landmarks=read_pts(labels[stem]),
        source="300w",
    )


def read_list(path: Path) -> list[str]:
    """Names, one a line, of a list file.

    Raises:
        BadInputError: no such file, or nothing in it.
    """
    if not path.is_file():
        raise BadInputError(f"no list file {path}: wanted one relative path without ending a line")
    names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not names:
        raise BadInputError(f"list file {path} is empty: wanted one relative path without ending a line")
    return names
