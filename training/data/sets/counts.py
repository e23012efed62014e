"""How many faces each set was published with, and whether the copy at hand has as many."""

import logging

from device.contract.errors import BadInputError
from training.data.sets.sample import Faces

LOG = logging.getLogger(__name__)

PUBLISHED: dict[str, dict[str, int]] = {
    # The 3,148 to train on: HELEN and LFPW trainset, AFW. Their testsets and IBUG are the 689.
    "300w": {"train": 3148, "test": 689, "all": 3837},
    "wflw": {"train": 7500, "test": 2500},
    "cofw": {"train": 1345, "test": 507},
    "aflw2000": {"all": 2000},
    "youtube_faces": {"all": 3462 + 770},
}
"""Faces by set and part."""


def count_note(source: str, part: str, got: int) -> str:
    """One line where a part is not of its published size; empty where it is."""
    published = PUBLISHED[source]
    wanted = published[part]
    if got == wanted or (part == "all" and got in published.values()):
        return ""
    return f"{source} {part}: {got} faces got / {wanted} published"


def notes_on(source: str, part: str, faces: Faces, *, strict: bool) -> list[str]:
    """What a run's log should say of a set: a size that is not the published one, faces left out.

    Raises:
        BadInputError: the size is not the published one and `strict` asks for it.
    """
    notes = []
    left_out = len(faces.left_out)
    if note := count_note(source, part, len(faces) + left_out):
        if strict:
            raise BadInputError(f"{note}; fetch the set again, or leave out --strict-counts")
        LOG.warning("%s", note)
        notes.append(note)
    if left_out:
        notes.append(f"{source} {part}: {left_out} faces with hidden points left out")
    return notes
