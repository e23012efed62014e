"""Rendered heads: a folder that `python -m training render` wrote.

The jaw's points are those along the outline that is seen, as in photographs labelled by hand.
"""

import json
import zipfile
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from training.data.sets.sample import Faces, Sample
from training.data.sets.usable import usable

LABELS = "labels.npz"
"""File of all labels in a rendered folder."""

REQUEST = "rendered.json"
"""File that says what was asked for; there from the beginning, where the labels come at the end."""

FORMAT = 4
"""Raised when the same request makes other pictures or labels. Up to 3 the jaw lay too far in."""

MIN_VISIBLE = 16
"""Of the 68 points of a face."""

COLUMNS: dict[str, tuple[type, tuple[int, ...]]] = {
    "pictures": (np.str_, ()),
    "avatars": (np.str_, ()),
    "numbers": (np.int64, ()),
    "contour": (np.float32, (68, 2)),
    "contour_visible": (np.bool_, (68,)),
    "angles": (np.float32, (3,)),
    "covers": (np.str_, ()),
}
"""Type and shape of a row of each column that is read."""

HELD_OUT = ("AIAN_M_2", "Asian_M_3", "Black_F_2", "Hispanic_F_2", "White_M_2", "X_NHPI_F_2")
"""Avatars rendered for evaluation and never trained on: three women and three men, of six of the set's
groups, with long hair, short hair and none."""

ADVICE = "render it to its end with `python -m training render`"


def avatar_of(name: str) -> str:
    """The person of a sample by its name, rendered/AVATAR/..."""
    return name.split("/")[1]


def read_rendered(folder: Path) -> Faces:
    """Every face by folder and number, scheme ibug_68: its yaw, which points are seen, and what is before it.

    Faces of which fewer than MIN_VISIBLE points are seen are left out: hair, a hand or the frame's edge hides
    nearly all of them, and nobody would call what is left a face.

    Args:
        folder: one that was rendered, or one that holds several.

    Raises:
        BadInputError: the labels are missing or damaged, or a picture is missing.
    """
    roots = sorted({path.parent for name in (REQUEST, LABELS) for path in folder.rglob(name)})
    faces = usable([sample for root in roots or [folder] for sample in _read_folder(root, folder)])
    seen = [face.visible is None or face.visible.sum() >= MIN_VISIBLE for face in faces]
    hidden = [face.name for face, is_seen in zip(faces, seen, strict=True) if not is_seen]
    return Faces(compress(faces, seen), [*faces.left_out, *hidden])


def _read_folder(root: Path, folder: Path) -> list[Sample]:
    _check_format(root / REQUEST)
    labels = _read_labels(root / LABELS)
    part = "" if root == folder else f"/{root.relative_to(folder).as_posix()}"
    samples = []
    for picture, avatar, number, landmarks, visible, angles, covers in zip(*labels, strict=True):
        path = root / str(picture)
        if not path.is_file():
            raise BadInputError(f"no {path}, which {root / LABELS} names; {ADVICE}")
        name = f"rendered/{avatar}{part}/{number}"
        yaw, before = float(np.radians(angles[0])), tuple(filter(None, str(covers).split(",")))
        samples.append(
            Sample(name, path, landmarks, "rendered", yaw_radians=yaw, visible=visible, attributes=before)
        )
    return samples


def _check_format(request: Path) -> None:
    """Refuse labels of an earlier format; a folder without a request is taken as it is.

    Raises:
        BadInputError: they are, or the request cannot be read.
    """
    if not request.is_file():
        return
    try:
        found = json.loads(request.read_bytes())["format"]
    except (ValueError, LookupError, TypeError) as error:
        raise BadInputError(f"{request} cannot be read ({error}); {ADVICE}") from error
    if found != FORMAT:
        raise BadInputError(
            f"{request.parent} holds heads of format {found}, wanted {FORMAT}, whose labels lie elsewhere; "
            "render them anew with `python -m training render`"
        )


def _read_labels(path: Path) -> list[NDArray[Any]]:
    """The columns COLUMNS.

    Raises:
        BadInputError: they are missing, damaged or of different lengths.
    """
    if not path.is_file():
        raise BadInputError(f"no {path}: {ADVICE}")
    try:
        with np.load(path) as stored:
            columns: list[NDArray[Any]] = [
                np.asarray(stored[name], kind) for name, (kind, _) in COLUMNS.items()
            ]
    except (OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path} holds no labels of rendered heads ({error}); {ADVICE}") from error
    wanted = [(len(columns[0]), *shape) for _, shape in COLUMNS.values()]
    if [column.shape for column in columns] != wanted:
        raise BadInputError(f"{path} holds labels of different lengths; {ADVICE}")
    return columns
