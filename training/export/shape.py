"""Fits the correction by a face's shape (device/contract/shape.py) to a finished network.

What the points of training faces lack is regressed on the shape that they form. A ridge keeps rare shapes
from deciding, and draws A towards -SMOOTHING I: where training faces do not differ, what a network finds is
noise in part, and is smoothed. Reweighting (each row by one over its distance) makes the sum of squares one
of distances, as NME counts them. Letters: N crops, K landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.metrics import nme
from device.contract.shape import Correction, ShapeCorrection, correction_of
from training.data.cheap_camera import photographs
from training.data.crops import SEED, CropSet, cut_crops
from training.data.sets.sample import Sample
from training.engine.settings import RunSettings
from training.engine.validation import predict_crops
from training.tasks.registry import task_kind

RIDGE = 0.3
"""Added to the sums of squares of the shape's coordinates, eye distances squared: the best of 0.1 to 10 in
five folds of the training faces."""

SMOOTHING = 0.5
"""Share of such noise. Of 0, 0.5 and 1 it gains most on held-out faces; with it points jitter less than
uncorrected ones."""

ROUNDS = 3
"""Of reweighting."""

BLUNT = 0.01
"""Eye distances below which a row weighs no more: there the label's own noise is all that is left."""

LOOKS = 3
"""Crops of each face by differently shaken boxes; one more is taken by the cheap camera."""

MIN_FACES = 50
"""Fewer cannot say what faces have in common."""

PROCRUSTES_ROUNDS = 5

Points = NDArray[np.complex128]
"""x + iy."""


@dataclass(frozen=True, eq=False)
class Looks:
    """What a network found in crops of training faces."""

    found: NDArray[np.float64]
    """(N, K, 2) crop pixels."""
    true: NDArray[np.float64]
    """(N, K, 2) crop pixels."""
    faces: NDArray[np.int64]
    """(N,) number of the face: its crops are not independent."""


def as_points(landmarks: NDArray[np.floating]) -> Points:
    """(..., K, 2) pixels to (..., K) complex."""
    return np.asarray(landmarks[..., 0] + 1j * landmarks[..., 1], np.complex128)


def reals_of(points: Points) -> NDArray[np.float64]:
    """(..., K) complex to (..., 2 K) x0, y0, x1, ..."""
    return np.ascontiguousarray(points).view(np.float64)


def similarity_of(centred: Points, mean: Points) -> Points:
    """(N,) similarities that lay the mean face (K,) on centred points (N, K), least squares."""
    return np.asarray(centred @ mean.conj() / np.sum(np.abs(mean) ** 2))


def mean_face_of(landmarks: NDArray[np.floating], scheme: LandmarkScheme) -> Points:
    """(K,) mean of (N, K, 2) faces after laying them on each other; outer eye corners level and 1 apart."""
    points = as_points(landmarks)
    centred = points - points.mean(axis=1, keepdims=True)
    mean = centred[0]
    for _ in range(PROCRUSTES_ROUNDS):
        mean = np.mean(centred / similarity_of(centred, mean)[:, None], axis=0)
        right, left = scheme.outer_eye_corners
        mean /= mean[left] - mean[right]
    return mean


def fit_shape(looks: Looks, scheme: LandmarkScheme) -> ShapeCorrection:
    """The correction that brings `found` nearest to `true`."""
    mean = mean_face_of(looks.true, scheme)
    found = as_points(looks.found)
    centred = found - found.mean(axis=1, keepdims=True)
    similarity = similarity_of(centred, mean)[:, None]
    shapes = reals_of(centred / similarity)
    terms = np.hstack([np.ones((len(shapes), 1)), shapes - reals_of(mean)])
    lacking = reals_of((as_points(looks.true) - found) / similarity)
    weights = _reweighted_ridge(terms, lacking)
    offset, matrix = weights[0], weights[1:].T
    return ShapeCorrection(np.column_stack([reals_of(mean), offset - matrix @ reals_of(mean), matrix]))


def _reweighted_ridge(terms: NDArray[np.float64], lacking: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + 2 K, 2 K) weights from terms (N, 1 + 2 K), a constant first, to what is lacking (N, 2 K)."""
    ridge = np.diag([0.0, *np.full(terms.shape[1] - 1, RIDGE)])
    centre = -SMOOTHING * ridge[:, 1:]
    weights = np.asarray(np.linalg.solve(terms.T @ terms + ridge, terms.T @ lacking + centre), np.float64)
    for _ in range(ROUNDS):
        left = (lacking - terms @ weights).reshape(len(lacking), -1, 2)
        importance = 1 / np.maximum(np.hypot(left[:, :, 0], left[:, :, 1]), BLUNT)
        importance /= importance.mean()
        for point, each in enumerate(importance.T):
            columns, weighted = slice(2 * point, 2 * point + 2), terms * each[:, None]
            wanted = weighted.T @ lacking[:, columns] + centre[:, columns]
            weights[:, columns] = np.linalg.solve(weighted.T @ terms + ridge, wanted)
    return weights


def nme_of(found: NDArray[np.floating], true: NDArray[np.floating], scheme: LandmarkScheme) -> float:
    """Mean over (N, K, 2) of the distance over that of the outer eye corners, a fraction."""
    return float(np.mean([nme(*face, scheme) for face in zip(found, true, strict=True)]))


def corrected(correct: Correction, landmarks: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, K, 2) crop pixels, each face corrected."""
    return np.stack([correct(np.asarray(face, np.float32)) for face in landmarks])


def held_out_gain(looks: Looks, scheme: LandmarkScheme) -> float:
    """NME that the correction takes off faces that it was not fitted to, a fraction: two halves in turn."""
    gains = []
    for half in (looks.faces % 2 == 0, looks.faces % 2 == 1):
        shape = fit_shape(Looks(looks.found[half], looks.true[half], looks.faces[half]), scheme)
        found, true = looks.found[~half], looks.true[~half]
        gains.append(nme_of(found, true, scheme) - nme_of(corrected(shape.correct, found), true, scheme))
    return float(np.mean(gains))


def look_at(model: nn.Module, samples: Sequence[Sample], margin: float, side: int) -> Looks:
    """What a network finds in crops of training faces, LOOKS of each and one by the cheap camera.

    Raises:
        BadInputError: a picture cannot be read.
    """
    found, true = [], []
    for look in tqdm(range(LOOKS + 1), desc="shape", unit="look"):
        # Not validation's seed, whose boxes are another list's.
        crops = cut_crops(samples, margin, side, seed=SEED + 1 + look)
        images = crops.crops
        if look == LOOKS:
            images = photographs(images, crops.landmarks_crop, np.random.default_rng(SEED))
        found.append(predict_crops(model, images))
        true.append(crops.landmarks_crop)
    faces = np.tile(np.arange(len(samples)), LOOKS + 1)
    return Looks(np.concatenate(found).astype(float), np.concatenate(true).astype(float), faces)


def measure_shape(
    model: nn.Module, samples: Sequence[Sample], margin: float, side: int, scheme: LandmarkScheme
) -> ShapeCorrection | None:
    """The correction of a network, or none where it does not help faces that it was not fitted to.

    Args:
        model: in evaluation mode.
        samples: training faces whose labels are good enough to correct by.
        margin: of the crops.
        side: of the network's input, pixels.
        scheme: of the landmarks.

    Raises:
        BadInputError: a picture cannot be read.
    """
    looks = look_at(model, samples, margin, side)
    return fit_shape(looks, scheme) if held_out_gain(looks, scheme) > 0 else None


def shape_text(model: nn.Module, settings: RunSettings, trusted: Sequence[Sample]) -> str:
    """A finished run's correction as its manifest holds it, empty where none helps.

    Published systems are handed over as they were published; drawn faces are none of `trusted`.

    Raises:
        BadInputError: a picture cannot be read.
    """
    if task_kind(settings.task).published or len(trusted) < MIN_FACES:
        return ""
    scheme = SCHEMES[settings.scheme]
    shape = measure_shape(model, trusted, settings.margin, settings.model.input_side, scheme)
    return shape.to_text() if shape else ""


def shape_figures(
    model: nn.Module, text: str, validation: CropSet, scheme: LandmarkScheme
) -> dict[str, float]:
    """NME of the validation crops without and with the correction by the face's shape, fractions."""
    found, true = predict_crops(model, validation.crops), validation.landmarks_crop
    fitted = corrected(correction_of(text, scheme.count), found)
    return {"nme_without_shape": nme_of(found, true, scheme), "nme_with_shape": nme_of(fitted, true, scheme)}
