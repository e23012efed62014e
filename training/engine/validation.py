"""What a network finds in evaluation crops, and how far off it is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract.arrays import read_arrays, write_arrays
from device.contract.landmarks import LandmarkScheme
from device.contract.metrics import nme
from training.data.crops import CropSet, to_tensor
from training.models.decode import codec_of, landmarks_of

FACE_ERRORS = "face_errors.npz"
"""File in a finished run's folder."""


@torch.no_grad()
def predict_crops(model: nn.Module, crops: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """Landmarks (N, K, 2), crop pixels, of (N, S, S, 3) crops; leaves the model in evaluation mode."""
    device = next(model.parameters()).device
    model.eval()
    found = []
    for start in range(0, len(crops), batch):
        image = to_tensor(crops[start : start + batch], device)
        raw, _ = model(image)
        found.append(landmarks_of(codec_of(model), raw, image.shape[2]).cpu())
    return np.asarray(torch.cat(found).numpy(), np.float32)


def face_errors(model: nn.Module, crops: CropSet, scheme: LandmarkScheme) -> NDArray[np.float64]:
    """(N,) NME of each face in `crops`, as a fraction of the distance of the outer eye corners."""
    predicted = predict_crops(model, crops.crops)
    return np.array([nme(*pair, scheme) for pair in zip(predicted, crops.landmarks_crop, strict=True)])


def validation_nme(model: nn.Module, crops: CropSet, scheme: LandmarkScheme) -> dict[str, float]:
    """Mean NME of each set in `crops`, as a fraction of the distance of the outer eye corners."""
    errors, sources = face_errors(model, crops, scheme), np.array(crops.sources)
    return {source: float(errors[sources == source].mean()) for source in dict.fromkeys(crops.sources)}


@dataclass(frozen=True, eq=False)
class FaceErrors:
    """What a finished network's error is on each validation face: two runs are compared face by face."""

    names: list[str]
    """N sample names."""
    sources: list[str]
    """N names of sets."""
    errors: NDArray[np.float64]
    """(N,) NME, fractions."""

    def of(self, source: str) -> "FaceErrors":
        """Those of one set."""
        chosen = [number for number, name in enumerate(self.sources) if name == source]
        names = [self.names[number] for number in chosen]
        return FaceErrors(names, [source] * len(chosen), self.errors[chosen])


def write_face_errors(model: nn.Module, crops: CropSet, scheme: LandmarkScheme, folder: Path) -> None:
    """Measure a finished network on each validation face and keep that in the run's folder.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    errors = face_errors(model, crops, scheme).astype(np.float32)
    names, sources = np.array(crops.names), np.array(crops.sources)
    write_arrays(folder / FACE_ERRORS, names=names, sources=sources, errors=errors)


def read_face_errors(folder: Path) -> FaceErrors | None:
    """What `write_face_errors` wrote; None for a run that was trained before it was kept.

    Raises:
        BadInputError: the file is damaged.
    """
    path = folder / FACE_ERRORS
    if not path.is_file():
        return None
    remedy = "remove it, and give the run's command again: a finished run writes only what it lacks"
    names, sources, errors = read_arrays(path, "names", "sources", "errors", remedy=remedy)
    return FaceErrors(list(map(str, names)), list(map(str, sources)), errors.astype(np.float64))
