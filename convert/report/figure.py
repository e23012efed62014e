"""What each kind of network is judged by, and what int8 may cost of it."""

from dataclasses import dataclass

from convert.handover.description import AnyHandover
from convert.handover.finder import FinderHandover
from convert.job import INT8_BUDGET_POINTS


@dataclass(frozen=True)
class Figure:
    """A figure of the comparison, a fraction, the less the better."""

    key: str
    """In comparison.json."""
    name: str
    """For people."""
    second_key: str
    """Another, for the table."""
    second_name: str
    """For people."""
    moved_key: str
    """What the forms' differences are told in."""
    moved_name: str
    """For people."""
    budget_points: float
    """Percentage points that int8 may cost, unless the command line says otherwise."""


LANDMARK_FIGURE = Figure(
    "nme_interocular", "NME", "failure_rate_at_10", "FR10", "landmarks_px", "moved px", INT8_BUDGET_POINTS
)
FINDER_FIGURE = Figure("overlap_lost", "1-IoU", "missed", "missed", "maps", "moved", 0.5)


def figure_of(handover: AnyHandover) -> Figure:
    """The figure of a handover's network."""
    return FINDER_FIGURE if isinstance(handover, FinderHandover) else LANDMARK_FIGURE
