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
    """Display name."""
    second_key: str
    """Another, for the table."""
    second_name: str
    """Display name."""
    moved_key: str
    """Which of the forms' differences the table shows."""
    moved_name: str
    """Display name."""
    budget_points: float
    """Percentage points that int8 may cost, unless the command line says otherwise."""
    error_key: str
    """By which the float network itself is judged."""
    error_name: str
    """Display name."""
    max_error_percent: float
    """Above which the float network is not fit for use, unless the command line says otherwise."""


LANDMARK_FIGURE = Figure(
    *("nme_interocular", "NME", "failure_rate_at_10", "FR10", "landmarks_px", "moved px"),
    INT8_BUDGET_POINTS,
    *("nme_interocular", "NME", 15.0),
)
UNLABELLED_FIGURE = Figure(
    *("moved", "moved", "moved_worst", "worst", "landmarks_px", "moved px", 1.0),
    *("mirror_error", "mirror error", 15.0),
)
"""Without labels: how far points move, in crop sides, and how far a mirrored crop's points are off."""
FINDER_FIGURE = Figure(
    *("overlap_lost", "1-IoU", "missed", "missed", "maps", "moved", 0.5, "overlap_lost", "1-IoU", 50.0)
)


def figure_of(handover: AnyHandover) -> Figure:
    """The figure of a handover's network."""
    if isinstance(handover, FinderHandover):
        return FINDER_FIGURE
    return LANDMARK_FIGURE if handover.labelled else UNLABELLED_FIGURE


def original_of(handover: AnyHandover) -> str:
    """The name of the form that came first."""
    return "pytorch" if isinstance(handover, FinderHandover) else handover.original
