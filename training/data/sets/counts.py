"""How many faces a set is known to hold, and whether the copy at hand does."""

import logging

from device.contract.errors import BadInputError

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


def check_count(source: str, part: str, got: int, *, strict: bool) -> list[str]:
    """The note, logged and returned, if there is one.

    Raises:
        BadInputError: a difference, where it is not to be had.
    """
    note = count_note(source, part, got)
    if not note:
        return []
    if strict:
        raise BadInputError(f"{note}; fetch the set again, or leave out --strict-counts")
    LOG.warning("%s", note)
    return [note]
