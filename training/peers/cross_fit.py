"""Constant offsets between a peer's points and a set's labels, measured on some faces and taken off others.

A peer that learnt where "the corner of the jaw" is from other labels is off by about the same on every face,
however well it sees (`training/report/scheme_offsets.py`). Here they are fitted on nine tenths of the very
faces that are given, and taken off the last tenth, ten times over (cross-validation: Stone 1974): no second
set is needed, and no face has a say in its own correction.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.landmarks import LandmarkScheme
from training.data.sets.sample import Sample
from training.measure.evaluate import Predicted
from training.report.scheme_offsets import Offsets, fit_offsets

FOLDS = 10
MIN_FACES = 20
"""Fewer cannot tell an offset from a face's own error."""


def offsets_of_folds(found: Predicted, samples: Sequence[Sample], scheme: LandmarkScheme) -> list[Offsets]:
    """The offsets for each fold, from the faces of all others. Face i is in fold i modulo FOLDS.

    Raises:
        BadInputError: too few faces were found.
    """
    seen = [face for face, points in enumerate(found) if points is not None]
    if len(seen) < MIN_FACES:
        raise BadInputError(f"{len(seen)} of {len(samples)} faces were found, wanted {MIN_FACES}; give more")
    others = ([face for face in seen if face % FOLDS != fold] for fold in range(FOLDS))
    return [_fit(found, samples, scheme, faces) for faces in others]


def _fit(
    found: Predicted, samples: Sequence[Sample], scheme: LandmarkScheme, faces: Sequence[int]
) -> Offsets:
    """From some of the faces, all of which were found."""
    points = [each for each in (found[face] for face in faces) if each is not None]
    return fit_offsets(points, [samples[face] for face in faces], scheme)


def taken_off(offsets: Sequence[Offsets], found: Predicted) -> list[NDArray[np.float64] | None]:
    """What was found without the offsets of each face's own fold."""
    return [
        None if points is None else offsets[face % FOLDS].removed(points) for face, points in enumerate(found)
    ]


def without_offsets(
    found: Predicted, samples: Sequence[Sample], scheme: LandmarkScheme
) -> list[NDArray[np.float64] | None]:
    """What was found without offsets.

    Raises:
        BadInputError: too few faces were found.
    """
    return taken_off(offsets_of_folds(found, samples, scheme), found)
