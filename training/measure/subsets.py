"""Figures of a data set's subsets: WFLW's six attributes, counted as its benchmark does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device.contract import metrics
from training.data.sets.sample import Sample

THRESHOLD = 0.10
"""NME at which WFLW's benchmark takes failure rate and AUC."""


@dataclass(frozen=True)
class Subset:
    """Figures of the faces with one attribute, fractions; a missed face is a failure."""

    count: int
    missed: int
    nme_interocular: float | None
    """None where no face was found."""
    failure_rate_at_10: float
    auc_at_10: float


def _figures(errors: Sequence[float]) -> Subset:
    found = [error for error in errors if np.isfinite(error)]
    missed = len(errors) - len(found)
    return Subset(
        len(errors),
        missed,
        float(np.mean(found)) if found else None,
        metrics.failure_rate_at(THRESHOLD, found, missed),
        metrics.auc_at(THRESHOLD, found, missed),
    )


def subsets_of(samples: Sequence[Sample], errors: Sequence[float]) -> dict[str, Subset]:
    """Figures by attribute, in the order of the data set's own list; empty where it has none.

    Args:
        samples: faces; each may have several attributes, or none.
        errors: NME of each, infinite for a missed face.
    """
    pairs = list(zip(samples, errors, strict=True))
    names = dict.fromkeys(name for sample in samples for name in sample.attributes)
    return {name: _figures([error for sample, error in pairs if name in sample.attributes]) for name in names}
