"""What one run measures, and on what."""

from dataclasses import dataclass, field
from pathlib import Path

from device.contract.errors import UsageError
from training.data.sets.sample import Sample
from training.export.handover_faces import thinned
from training.measure.evaluate import load_samples
from training.peers.line_up import Given

TIMES, START, ACCURACY, STEADINESS, ROBUSTNESS = "times", "start", "accuracy", "steadiness", "robustness"
SECTIONS = (TIMES, START, ACCURACY, STEADINESS, ROBUSTNESS)
"""In the order of the page."""
WANT_FACES = (ACCURACY, ROBUSTNESS)
"""Those that cannot be measured without labelled faces."""


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    faces: int
    """At most, for accuracy and robustness."""
    sitters: int
    """Faces for steadiness."""
    rounds: int
    """Blocks of ten calls that every stage is timed for."""
    starts: int
    """Of each peer."""


FULL = Effort(faces=500, sitters=20, rounds=40, starts=5)
QUICK = Effort(faces=40, sitters=3, rounds=4, starts=1)
"""To see that everything works."""


@dataclass(frozen=True)
class Options:
    """The command line."""

    given: Given = field(default_factory=Given)
    sections: tuple[str, ...] | None = None
    """Those that were asked for; None for all that can be measured."""
    dataset: str | None = None
    """SET:FOLDER of labelled faces."""
    list_file: Path | None = None
    """Names out of a 300w folder."""
    effort: Effort = FULL

    @property
    def chosen(self) -> tuple[str, ...]:
        """The sections that are measured: all, or those that need no faces where none are given."""
        if self.sections is not None:
            return self.sections
        return tuple(name for name in SECTIONS if self.dataset is not None or name not in WANT_FACES)

    def samples(self) -> list[Sample]:
        """The labelled faces, spread evenly over the set; none without a data set.

        Raises:
            UsageError: an unknown kind of set.
            BadInputError: the set is missing or damaged.
        """
        if self.dataset is None:
            return []
        return thinned(load_samples(self.dataset, self.list_file), self.effort.faces)

    @property
    def faces_from(self) -> str:
        """The set, for people: without the folder, which is nobody else's."""
        kind = (self.dataset or "").split(":")[0]
        return f"{kind}, {self.list_file.name}" if self.list_file else kind


def sections_of(text: str | None) -> tuple[str, ...] | None:
    """Names of sections, from a list with commas.

    Raises:
        UsageError: an unknown one.
    """
    if text is None:
        return None
    names = text.split(",")
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise UsageError(f"--sections {text}: no section {unknown[0]!r}; known: {', '.join(SECTIONS)}")
    return tuple(names)
