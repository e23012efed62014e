"""What a network finds in evaluation crops, and how far off it is."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract.landmarks import LandmarkScheme
from device.contract.metrics import nme
from training.data.crops import CropSet, to_tensor
from training.models.decode import codec_of, landmarks_of


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


def validation_nme(model: nn.Module, crops: CropSet, scheme: LandmarkScheme) -> dict[str, float]:
    """Mean NME of each set in `crops`, as a fraction of the distance of the outer eye corners."""
    predicted = predict_crops(model, crops.crops)
    errors: dict[str, list[float]] = {}
    for found, true, source in zip(predicted, crops.landmarks_crop, crops.sources, strict=True):
        errors.setdefault(source, []).append(nme(found, true, scheme))
    return {source: float(np.mean(values)) for source, values in errors.items()}
