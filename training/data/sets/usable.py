"""The one check that every reader's labels pass before anything is learnt from them or measured on them."""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from training.data.sets.sample import Faces, Sample

LOG = logging.getLogger(__name__)

MARKS = (0.0, -1.0)
"""Several sets write `0 0` or `-1 -1` for a point that cannot be seen."""

MAX_COINCIDENT = 6
"""Points of one face in exactly the same place. Closed lips and whole-pixel labels bring up to six together;
more are a mark of some other value."""


def hidden_points(landmarks: NDArray[np.float32], origin: float) -> NDArray[np.bool_]:
    """(K,) whether each point is a mark for "cannot be seen" rather than a place.

    Args:
        landmarks: (K, 2) pixels, 0-based.
        origin: what the file counts its first pixel as, 0 or 1.
    """
    written = landmarks + origin
    marked = np.zeros(len(landmarks), np.bool_)
    for mark in MARKS:
        marked |= (written == mark).all(axis=1)
    _, index, counts = np.unique(landmarks, axis=0, return_inverse=True, return_counts=True)
    together = counts[index.ravel()]
    # All in one place: not a mark but a face without size, which is refused when its picture is read.
    return marked | ((together > MAX_COINCIDENT) & (together < len(landmarks)))


def check_finite(sample: Sample) -> None:
    """Every coordinate is a number.

    Raises:
        BadInputError: one is not.
    """
    wrong = np.flatnonzero(~np.isfinite(sample.landmarks).all(axis=1))
    if wrong.size:
        raise BadInputError(
            f"{sample.name}: landmark {wrong[0]} is {sample.landmarks[wrong[0]].tolist()}, wanted two finite "
            f"numbers; correct the label of {sample.path} or remove the face"
        )


def usable(samples: Sequence[Sample], origin: float = 0.0) -> Faces:
    """The faces whose labels are all places; those with hidden points are left out, with a warning.

    A face whose hidden points are written as `0 0` would have a box that reaches to the picture's corner, and
    the corner would be learnt as its jaw.

    Args:
        samples: of one data set.
        origin: what its files count the first pixel as, 0 or 1.

    Raises:
        BadInputError: a coordinate is not a finite number.
    """
    kept: list[Sample] = []
    left_out: list[Sample] = []
    for sample in samples:
        check_finite(sample)
        hidden = hidden_points(sample.landmarks, origin)
        (left_out if hidden.any() else kept).append(sample)
    if left_out:
        LOG.warning(
            "%d faces left out because some of their points are marked as hidden, the first %s",
            len(left_out),
            left_out[0].name,
        )
    return Faces(kept, [sample.name for sample in left_out])
