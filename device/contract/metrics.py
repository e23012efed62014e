"""Landmark errors. Fractions throughout; per cent only in text.

NME: mean distance of a face's points, over a length of the true face. A missed face has no NME; in
failure rates and AUC it counts as a failure.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.contract.landmarks import LandmarkScheme

Normaliser = Callable[[NDArray[np.floating], LandmarkScheme], float]
"""A length of a true face (K, 2), in its pixels."""


def interocular_distance(landmarks: NDArray[np.floating], scheme: LandmarkScheme) -> float:
    """Between the outer eye corners."""
    right, left = scheme.outer_eye_corners
    return float(np.linalg.norm(landmarks[left] - landmarks[right]))


def eye_centres(landmarks: NDArray[np.floating], scheme: LandmarkScheme) -> NDArray[np.float64]:
    """(2, 2): the right and the left eye, each the mean of its contour points."""
    return np.asarray(scheme.eye_weights @ landmarks, np.float64)


def interpupil_distance(landmarks: NDArray[np.floating], scheme: LandmarkScheme) -> float:
    """Between the pupils; where a scheme has none, the means of the eyes' contours stand for them."""
    right, left = landmarks[list(scheme.pupils)] if scheme.pupils else eye_centres(landmarks, scheme)
    return float(np.linalg.norm(left - right))


def box_size(landmarks: NDArray[np.floating], scheme: LandmarkScheme) -> float:
    """Square root of the area of the landmarks' tight box."""
    del scheme
    return float(np.sqrt(Box.around(landmarks).area))


NORMALISERS: dict[str, Normaliser] = {
    "nme_interocular": interocular_distance,
    "nme_interpupil": interpupil_distance,
    "nme_box": box_size,
}
"""Each metric's length."""


def point_errors(predicted: NDArray[np.floating], true: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., K) distances of (..., K, 2) points, pixels."""
    return np.asarray(np.linalg.norm(np.asarray(predicted, np.float64) - true, axis=-1), np.float64)


def relative_errors(
    predicted: NDArray[np.floating], true: NDArray[np.floating], scheme: LandmarkScheme
) -> NDArray[np.float64]:
    """(K,) errors of one face's points, of the distance of its outer eye corners."""
    return point_errors(predicted, true) / interocular_distance(true, scheme)


def nme(
    predicted: NDArray[np.floating],
    true: NDArray[np.floating],
    scheme: LandmarkScheme,
    normaliser: Normaliser = interocular_distance,
    indices: Sequence[int] | None = None,
) -> float:
    """Normalised mean error of one face, over all points or those of `indices`."""
    errors = point_errors(predicted, true)
    chosen = errors if indices is None else errors[list(indices)]
    return float(chosen.mean() / normaliser(true, scheme))


def failure_rate_at(threshold: float, errors: Sequence[float], missed: int = 0) -> float:
    """Fraction of faces with NME above `threshold`, missed faces included."""
    total = len(errors) + missed
    failures = sum(error > threshold for error in errors) + missed
    return failures / total if total else 0.0


def auc_at(threshold: float, errors: Sequence[float], missed: int = 0) -> float:
    """Area under the cumulative error curve up to `threshold`, over `threshold`; 1 is perfect.

    The curve is a sum of steps, one a face, so its integral is exact: a face of error e is counted
    from e to the threshold.
    """
    total = len(errors) + missed
    area = sum(max(threshold - error, 0.0) for error in errors) / threshold
    return area / total if total else 0.0
