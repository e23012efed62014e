"""Evaluation crops, cut exactly as on the device from jittered boxes, always with the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from device.contract.geometry import CropTransform, jitter_box
from device.tracking.crop import crop_image
from training.data.augment import normalise
from training.data.sets.picture import read_face_picture
from training.data.sets.sample import Sample

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

    def __len__(self) -> int:
        """N."""
        return len(self.crops)


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
