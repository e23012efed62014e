"""How far the labels of a data set lean to one side: what a network that also learnt mirrored faces sees.

A label that lies d to the right of its place lies d to the left when the picture is mirrored. Who learns from
both, and cannot tell which is which, learns the middle: its mean residual in x on the faces it learnt from is
the labels' lean. The same in y cannot be seen, nor need it be.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.sets import read_data_folder
from training.data.validation import cut_crops, predict_crops
from training.engine.checkpoint import load_network
from training.export.handover_faces import thinned

MOST_FACES = 600
"""Of a set: their mean is then known to a thousandth of an eye distance."""


@dataclass(frozen=True)
class Lean:
    """Of one set, in sides of the unshaken roi; positive to the picture's right."""

    source: str
    faces: int
    mean: float
    uncertainty: float
    """Standard deviation of the mean."""


def measure_lean(run: Path, data: Path) -> list[Lean]:
    """The lean of each set that a finished run learnt from.

    Args:
        run: folder of a run whose own `lean` is 0.
        data: folder with the data sets.

    Raises:
        BadInputError: the run is not finished, or its data is missing.
    """
    model, settings = load_network(run / "network.pt")
    train = read_data_folder(data, settings.scheme, settings.data.sets).train
    side, found = settings.model.input_side, []
    for source in sorted({sample.source for sample in train}):
        faces = thinned([sample for sample in train if sample.source == source], MOST_FACES)
        crops = cut_crops(faces, settings.margin, side)
        residuals = (crops.landmarks_crop - predict_crops(model, crops.crops))[:, :, 0].mean(axis=1) / side
        spread = residuals.std() / np.sqrt(len(faces))
        found.append(Lean(source, len(faces), float(residuals.mean()), float(spread)))
    return found


def lean_table(leans: list[Lean]) -> str:
    """The figures for people, thousandths of a roi's side."""
    rows = [(lean.source, 1000 * lean.mean, 1000 * lean.uncertainty, lean.faces) for lean in leans]
    return "\n".join(
        f"{source:16} {mean:+6.2f} / 1000, +- {uncertainty:.2f}, {faces} faces"
        for source, mean, uncertainty, faces in rows
    )
