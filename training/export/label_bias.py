"""A data set's label bias: a constant sideways offset, as seen by a network that also learnt mirrored faces.

A label that lies d to the right of its place lies d to the left in the mirrored picture. A network that
learns from both, and cannot tell which is which, learns the mean: its mean residual in x on the faces that it
learnt from is the labels' bias. A bias in y is the same in the mirror, so it can neither be seen nor do harm.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.crops import cut_crops
from training.data.sets import read_data_folder
from training.engine.checkpoint import load_network
from training.engine.validation import predict_crops
from training.export.handover_faces import thinned

MAX_FACES = 600
"""Of a set: their mean is then known to a thousandth of an eye distance."""


@dataclass(frozen=True)
class LabelBias:
    """Of one set, in sides of the unjittered crop; positive to the picture's right."""

    source: str
    faces: int
    mean: float
    uncertainty: float
    """Standard deviation of the mean."""


def measure_label_bias(run: Path, data: Path) -> list[LabelBias]:
    """The label bias of each set that a finished run learnt from.

    Args:
        run: folder of a run with `label_bias = 0`.
        data: folder with the data sets.

    Raises:
        BadInputError: the run is not finished, or its data is missing.
    """
    model, settings = load_network(run / "network.pt")
    train = read_data_folder(data, settings.scheme, settings.data.sets).train
    side, found = settings.model.input_side, []
    for source in sorted({sample.source for sample in train}):
        faces = thinned([sample for sample in train if sample.source == source], MAX_FACES)
        crops = cut_crops(faces, settings.margin, side)
        residuals = (crops.landmarks_crop - predict_crops(model, crops.crops))[:, :, 0].mean(axis=1) / side
        deviation = residuals.std() / np.sqrt(len(faces))
        found.append(LabelBias(source, len(faces), float(residuals.mean()), float(deviation)))
    return found


def label_bias_table(found: list[LabelBias]) -> str:
    """The figures for people, thousandths of a crop's side."""
    rows = [(bias.source, 1000 * bias.mean, 1000 * bias.uncertainty, bias.faces) for bias in found]
    return "\n".join(
        f"{source:16} {mean:+6.2f} / 1000, +- {uncertainty:.2f}, {faces} faces"
        for source, mean, uncertainty, faces in rows
    )
