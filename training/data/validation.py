"""Evaluation crops, cut exactly as on the device from jittered boxes, always with the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from device.contract.geometry import CropTransform, jitter_box
from device.contract.landmarks import LandmarkScheme
from device.contract.metrics import nme
from device.tracking.crop import crop_image
from training.data.augment import normalise
from training.data.sets.picture import read_face_picture
from training.data.sets.sample import Sample
from training.models.decode import codec_of, landmarks_of

SEED = 0
"""Seed of the jittered boxes in every evaluation."""


@dataclass(frozen=True, eq=False)
class CropSet:
    """Unaugmented crops with their true landmarks."""

    crops: NDArray[np.uint8]
    """(N, S, S, 3) BGR."""
    landmarks_crop: NDArray[np.float32]
    """(N, K, 2) crop pixels."""
    names: list[str]
    """N sample names."""
    sources: list[str]
    """N names of sets."""


def cut_crops(samples: Sequence[Sample], margin: float, side: int, seed: int = SEED) -> CropSet:
    """Crops of jittered boxes, with random numbers of `seed` drawn in the order of `samples`.

    Raises:
        BadInputError: a picture cannot be read.
    """
    rng = np.random.default_rng(seed)
    crops, landmarks = [], []
    for sample in samples:
        transform = CropTransform.for_box(jitter_box(sample.box, rng), margin, (side, side))
        crops.append(crop_image(read_face_picture(sample), transform))
        landmarks.append(transform.frame_to_crop(sample.landmarks).astype(np.float32))
    names, sources = [face.name for face in samples], [face.source for face in samples]
    return CropSet(np.stack(crops), np.stack(landmarks), names, sources)


def to_tensor(crops: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(N, S, S, 3) uint8 BGR to the network's input, (N, 3, S, S) float32."""
    pixels = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float()
    return normalise(pixels).contiguous(memory_format=torch.channels_last)


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
