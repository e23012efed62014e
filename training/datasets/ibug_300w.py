"""300-W: folders of pictures, each with a .pts file of the same stem (Sagonas et al., ICCVW 2013)."""

from collections.abc import Iterable
from pathlib import Path

from device.contract.errors import BadInputError
from training.datasets.pts import read_pts
from training.datasets.sample import Sample

PICTURE_ENDINGS = (".jpg", ".png", ".jpeg")


def _picture_of(points: Path) -> Path:
    for ending in PICTURE_ENDINGS:
        picture = points.with_suffix(ending)
        if picture.is_file():
            return picture
    raise BadInputError(
        f"{points} has no picture beside it: wanted {points.stem}{'|'.join(PICTURE_ENDINGS)}; "
        "300-W is had from the iBUG group's site"
    )


def read_300w(folder: Path, names: Iterable[str] | None = None) -> list[Sample]:
    """Every labelled face below `folder`, sorted by path, or those of `names` in that order.

    Args:
        folder: searched recursively for .pts files.
        names: relative paths without ending, as a list file holds them.

    Raises:
        BadInputError: no face, a face without its picture, a damaged .pts, a name that is not there.
    """
    if not folder.is_dir():
        raise BadInputError(f"no folder {folder}: wanted pictures with .pts files (300-W layout)")
    if names is None:
        found = sorted(folder.rglob("*.pts"))
    else:
        found = [folder / f"{name}.pts" for name in names]
        missing = [path for path in found if not path.is_file()]
        if missing:
            raise BadInputError(f"{missing[0]} is on the list but not there; check --list and the folder")
    if not found:
        raise BadInputError(f"no .pts file below {folder}: wanted 300-W's layout, NAME.jpg beside NAME.pts")
    return [
        Sample(
            name=f"300w/{path.relative_to(folder).with_suffix('').as_posix()}",
            path=_picture_of(path),
            landmarks=read_pts(path),
            source="300w",
        )
        for path in found
    ]


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
