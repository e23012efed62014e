"""Rendered heads: a folder that `python -m training render` wrote.

The jaw's points are those along the outline that is seen, as in photographs labelled by hand.
"""

import zipfile
from pathlib import Path

import numpy as np

from device.contract.errors import BadInputError
from training.data.sets.sample import Faces, Sample
from training.data.sets.usable import usable

LABELS = "labels.npz"
"""File of all labels in a rendered folder."""

HELD_OUT = ("AIAN_M_2", "Asian_M_3", "Black_F_2", "Hispanic_F_2", "White_M_2", "X_NHPI_F_2")
"""Avatars rendered for evaluation and never trained on: three women and three men, of six of the set's
groups, with long hair, short hair and none."""

ADVICE = "render it to its end with `python -m training render`"


def avatar_of(name: str) -> str:
    """The person of a sample by its name, rendered/AVATAR/NUMBER."""
    return name.split("/")[1]


def read_rendered(folder: Path) -> Faces:
    """Every face with its yaw and which of its points are seen, in scheme ibug_68, by number.

    Raises:
        BadInputError: the labels are missing or damaged, or a picture is missing.
    """
    path = folder / LABELS
    if not path.is_file():
        raise BadInputError(f"no {path}: {ADVICE}")
    try:
        with np.load(path) as stored:
            pictures, avatars, numbers = (stored[key] for key in ("pictures", "avatars", "numbers"))
            landmarks, visible = stored["contour"].astype(np.float32), stored["contour_visible"].astype(bool)
            yaws = np.radians(stored["angles"].reshape(-1, 3)[:, 0])
    except (OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path} holds no labels of rendered heads ({error}); {ADVICE}") from error
    count = len(pictures)
    shapes = (landmarks.shape, visible.shape, avatars.shape, numbers.shape, yaws.shape)
    if shapes != ((count, 68, 2), (count, 68), (count,), (count,), (count,)):
        raise BadInputError(f"{path} holds labels of different lengths; {ADVICE}")
    samples = []
    for row in range(count):
        picture = folder / str(pictures[row])
        if not picture.is_file():
            raise BadInputError(f"no {picture}, which {path} names; {ADVICE}")
        name = f"rendered/{avatars[row]}/{numbers[row]}"
        samples.append(Sample(name, picture, landmarks[row], "rendered", float(yaws[row]), visible[row]))
    return usable(samples)
