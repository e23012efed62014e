"""Models of one scheme whose labels differ by constants, compared fairly: the offsets are removed.

Who learnt where "the corner of the jaw" is from other labels than ours is off by about the same on every
face, however well it sees. So each predictor's mean offset from the labels is measured, point by point, on
training faces, and taken off the faces that it is judged on. Offsets are counted in the face's own frame: the
similarity that lays the predictor's mean face on its prediction (least squares; Gower 1975), so they turn and
grow with the face, and nothing of the truth is used where it is judged. Letters: N faces, K landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import LandmarkScheme
from training.data.sets import Sample, read_300w, read_list
from training.export.handover_faces import thinned
from training.export.shape import Points, as_points, mean_face_of, similarity_of
from training.measure.evaluate import Predictor, errors_of, predict_boxes
from training.report.paired import interval_of_mean

FITTED_ON = 500
"""Training faces that the offsets are measured on: their error is then a twentieth of one face's."""


@dataclass(frozen=True, eq=False)
class Offsets:
    """A predictor's constant offsets."""

    mean: Points
    """(K,) its mean face, about its centre."""
    lacking: Points
    """(K,) what its points lack, in the frame of the mean face."""

    def removed(self, found: NDArray[np.floating]) -> NDArray[np.float64]:
        """(K, 2) a prediction without them."""
        points = as_points(found)
        similarity = similarity_of((points - points.mean())[None], self.mean)[0]
        moved = points + similarity * self.lacking
        return np.column_stack([moved.real, moved.imag])


def fit_offsets(
    found: Sequence[NDArray[np.floating]], samples: Sequence[Sample], scheme: LandmarkScheme
) -> Offsets:
    """The offsets of predictions from the labels of the same faces."""
    points = as_points(np.stack(found))
    mean = mean_face_of(np.stack(found), scheme)
    similarity = similarity_of(points - points.mean(axis=1, keepdims=True), mean)
    true = as_points(np.stack([sample.landmarks for sample in samples]))
    return Offsets(mean, np.asarray(np.mean((true - points) / similarity[:, None], axis=0)))


@dataclass(frozen=True)
class Compared:
    """One predictor's figures on the validation faces, fractions."""

    nme: float
    """As it is."""
    nme_without_offsets: float
    behind: tuple[float, float, float]
    """What it lacks to the first predictor without offsets: mean, and the ends of its interval of 95 %."""


def compare(predictors: dict[str, tuple[Predictor, LandmarkScheme]], data: Path) -> dict[str, Compared]:
    """Figures of several predictors on the same shaken boxes of 300-W's validation list.

    Args:
        predictors: by name, the one that others are held against first.
        data: folder with 300w.

    Raises:
        BadInputError: 300-W or its list is missing or damaged.
    """
    folder = data / "300w"
    names = read_list(folder / "validation.txt")
    validation, held_out = read_300w(folder, names), {f"300w/{name}" for name in names}
    training = thinned([face for face in read_300w(folder) if face.name not in held_out], FITTED_ON)
    errors, raw = {}, {}
    for name, (predict, scheme) in predictors.items():
        offsets = fit_offsets(_found(predict, training), training, scheme)
        found = _found(predict, validation)
        raw[name] = float(np.mean(errors_of(found, validation, scheme)))
        errors[name] = np.array(errors_of([offsets.removed(face) for face in found], validation, scheme))
    first = next(iter(errors.values()))
    return {
        name: Compared(raw[name], float(each.mean()), interval_of_mean(each - first))
        for name, each in errors.items()
    }


def _found(predict: Predictor, samples: Sequence[Sample]) -> list[NDArray[np.float64]]:
    """Landmarks from shaken boxes; every face has a box, so none is missed."""
    return [face for face in predict_boxes(predict, samples, "shaken") if face is not None]


def comparison_table(figures: dict[str, Compared]) -> str:
    """The figures for people, per cent of the distance of the outer eye corners."""
    width = max(map(len, figures))
    rows = [f"{'':{width}}  as it is  without offsets  behind the first (95 %)"]
    for name, each in figures.items():
        mean, low, high = (100 * value for value in each.behind)
        rows.append(
            f"{name:{width}}  {100 * each.nme:8.2f}  {100 * each.nme_without_offsets:15.2f}  "
            f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"
        )
    return "\n".join(rows)
