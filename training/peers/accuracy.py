"""How far a peer's points lie from labels, constant offsets removed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract import metrics
from device.contract.landmarks import LandmarkScheme
from training.data.sets.picture import read_face_picture
from training.data.sets.sample import Sample
from training.measure.evaluate import MIN_IOU, YAW_EDGES, Predicted, boxes_of, errors_of
from training.measure.turned_heads import TurnBand, turn_bands
from training.peers.common_points import (
    FIVE,
    chosen_points,
    common_points,
    five_points,
    reduced,
    reduced_to_five,
    scheme_of,
)
from training.peers.cross_fit import without_offsets
from training.peers.line_up import LineUp
from training.peers.peer import Face, Searcher

FAILURE = 0.08
"""NME beyond which a face counts as a failure: the 300-W challenge's."""


@dataclass(frozen=True)
class Accuracy:
    """Figures of one peer, fractions; a missed face is a failure, and in no mean."""

    missed: float
    five: float
    """Of the five points, without offsets, of the distance of the eyes' centres."""
    nme: float | None = None
    """As it is, of the distance of the outer eye corners. From here on None of a peer with five points."""
    without_offsets: float | None = None
    """From here on, and in `five`, without offsets."""
    inner: float | None = None
    jaw: float | None = None
    failures: float | None = None
    by_yaw: dict[str, TurnBand] | None = None
    """By degrees to either side; of the root of the box's area."""
    errors: list[float] | None = None
    """Of each face, rising; missed ones left out."""


def _mean(errors: Sequence[float]) -> float:
    return float(np.mean([error for error in errors if np.isfinite(error)]))


def _five(found: Predicted, samples: Sequence[Sample]) -> float:
    five = reduced_to_five(samples)
    return _mean(errors_of(without_offsets(found, five, FIVE), five, FIVE))


def accuracy_of(
    found: Sequence[Face | None], samples: Sequence[Sample], points: Sequence[int], scheme: LandmarkScheme
) -> Accuracy:
    """The figures of what one peer found.

    Args:
        found: each sample's face, None for a missed one.
        samples: with the truth, in ibug_68.
        points: of ibug_68 that count.
        scheme: of those points.

    Raises:
        BadInputError: too few faces were found.
    """
    missed = sum(face is None for face in found)
    few = Accuracy(missed / len(found), _five(five_points(found), samples))
    if any(face is not None and face.landmarks is None for face in found):
        return few
    given = chosen_points([None if face is None else face.landmarks for face in found], points)
    truth = reduced(samples, points)
    fitted = without_offsets(given, truth, scheme)
    jaw = scheme.groups["jaw"]
    inner = [point for point in range(scheme.count) if point not in jaw]
    errors = errors_of(fitted, truth, scheme)
    finite = sorted(error for error in errors if np.isfinite(error))
    return Accuracy(
        missed=few.missed,
        five=few.five,
        nme=_mean(errors_of(given, truth, scheme)),
        without_offsets=_mean(errors),
        inner=_mean(errors_of(fitted, truth, scheme, inner)),
        jaw=_mean(errors_of(fitted, truth, scheme, jaw)),
        failures=metrics.failure_rate_at(FAILURE, finite, missed),
        by_yaw=turn_bands(fitted, truth, scheme, YAW_EDGES),
        errors=[round(error, 4) for error in finite],
    )


def _nearest(searcher: Searcher, image: NDArray[np.uint8], sample: Sample) -> Face | None:
    """The found face that lies on the labelled one."""
    faces = searcher.faces(image)
    best = max(faces, key=lambda face: face.box.iou(sample.box), default=None)
    return best if best is not None and best.box.iou(sample.box) >= MIN_IOU else None


@dataclass(frozen=True)
class AccuracyTables:
    """The figures of all peers, by name."""

    points: int
    """How many were compared."""
    from_box: dict[str, Accuracy]
    """From a shaken box of the labels, and a second pass about what was found there."""
    by_finder: dict[str, Accuracy]
    """By the peer's own finder."""


def measure_accuracy(peers: LineUp, samples: Sequence[Sample]) -> AccuracyTables:
    """All figures of all peers.

    Raises:
        BadInputError: a picture is damaged, or a peer finds too few faces.
    """
    points = common_points(peers.peers)
    scheme = scheme_of(points)
    placed: dict[str, list[Face | None]] = {peer.name: [] for peer in peers.lookers}
    found: dict[str, list[Face | None]] = {peer.name: [] for peer in peers.searchers}
    work = list(zip(samples, boxes_of(samples, "shaken"), strict=True))
    for sample, box in tqdm(work, desc="accuracy", unit="face"):
        image = read_face_picture(sample)
        for peer in peers.peers:
            if peer.looker is not None:
                placed[peer.name].append(Face.of(peer.looker.follow(image, box)))
            if peer.searcher is not None:
                found[peer.name].append(_nearest(peer.searcher, image, sample))
    return AccuracyTables(
        len(points),
        {name: accuracy_of(faces, samples, points, scheme) for name, faces in placed.items()},
        {name: accuracy_of(faces, samples, points, scheme) for name, faces in found.items()},
    )
