"""What a model learnt from: every source with its licence and hash, and which of them leave anyone free.

A source is anything whose content reached the model: pictures, labels, another program's answers, weights
that a run began with, teachers, the faces that set integer ranges or a correction. A model whose name begins
with `open` promises that all of them are free; `check_open` holds it to that.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from device.contract.errors import RefusedError

KEY = "sources"
"""Of a manifest's or a handover's provenance."""
OPEN = "open"
"""A model of this name, or of one that goes on with a hyphen, is taught by free sources alone."""

FREE = {
    "VALID avatars": "MIT",
    "drawn heads": "Apache-2.0",
    "FairFace": "CC-BY-4.0",
    "MediaPipe face mesh": "Apache-2.0",
    "EfficientNet-Lite": "Apache-2.0",
}
"""Licence of each source that lets anyone use what is made from it, by name; LICENCES.md says more."""
RESEARCH = "research only"
UNKNOWN = "unknown"


class Source(msgspec.Struct, frozen=True, order=True):
    """One source of a model."""

    name: str
    """As in FREE, or another."""
    licence: str
    """SPDX identifier, RESEARCH or UNKNOWN."""
    sha256: str
    """Of what was read: a set's labels, a file."""
    used_as: str
    """What for: labels, initial weights, integer ranges."""

    @property
    def free(self) -> bool:
        """Whether it is on the list, under the licence that the list names."""
        return FREE.get(self.name) == self.licence


def is_open(name: str) -> bool:
    """Whether a model's name promises free sources."""
    return name == OPEN or name.startswith(f"{OPEN}-")


def sources_of(provenance: Mapping[str, Any]) -> tuple[Source, ...]:
    """The sources that a provenance lists; none where it was written before they were kept.

    Raises:
        RefusedError: the list cannot be read.
    """
    try:
        return tuple(msgspec.convert(provenance.get(KEY, []), list[Source]))
    except msgspec.ValidationError as error:
        raise RefusedError(
            f"the provenance's {KEY} cannot be read ({error}); hand the run over again"
        ) from error


def all_free(provenance: Mapping[str, Any]) -> bool:
    """Whether a provenance names its sources and every one of them is free."""
    sources = sources_of(provenance)
    return bool(sources) and all(source.free for source in sources)


def merged(*lists: Iterable[Source]) -> tuple[Source, ...]:
    """Every source once, sorted."""
    return tuple(sorted({source for each in lists for source in each}))


def check_open(name: str, provenance: Mapping[str, Any]) -> None:
    """Hold a model to what its name promises.

    Raises:
        RefusedError: the name begins with `open`, but a source is not free or none is listed.
    """
    if not is_open(name):
        return
    sources = sources_of(provenance)
    bad = [source for source in sources if not source.free]
    if bad:
        first = bad[0]
        raise RefusedError(
            f"{name} was taught by {first.name} ({first.licence}; {first.used_as}), which is not on the list "
            "of free sources; train it without, or give the model a name that does not begin with open"
        )
    if not sources:
        raise RefusedError(
            f"{name} does not say what it was taught by; train and hand over its runs again, or give the "
            "model a name that does not begin with open"
        )
