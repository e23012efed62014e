"""How a map's spread predicts its error: the two numbers that turn it into a score.

The spread of the mass is that of the training target where the network is certain, and grows with doubt. Over
clean crops and those of a cheap camera the mean error rises linearly with its square,

    error = slope (spread^2 - sure^2),

so that with half^2 = HALF_SCORE_ERROR / slope and score = 1 / (1 + (spread^2 - sure^2) / half^2) the expected
error of any model is HALF_SCORE_ERROR (1 / score - 1). Fitted on training faces only.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract import metrics
from device.contract.codec import HALF_SCORE_ERROR, HeatmapCodec, map_weights
from device.contract.landmarks import LandmarkScheme
from training.data.cheap_camera import photographs
from training.data.crops import SEED, CropSet, to_tensor
from training.models.decode import codec_of

BINS = 24
"""By spread, with as many landmarks in each: their means are fitted."""


@dataclass(frozen=True)
class Certainty:
    """Both in crop pixels."""

    half_score_px: float
    sure_px: float


def fit_certainty(spreads_px: NDArray[np.floating], errors: NDArray[np.floating]) -> Certainty:
    """The two numbers from the landmarks' spreads and errors, of the distance of the outer eye corners.

    Least squares of relative deviations, so that the few very doubtful landmarks do not decide alone.
    """
    order = np.argsort(spreads_px, axis=None)
    bins = np.array_split(order, BINS)
    squares = np.array([(spreads_px.ravel()[chosen] ** 2).mean() for chosen in bins])
    means = np.array([errors.ravel()[chosen].mean() for chosen in bins])
    terms = np.stack([squares, -np.ones_like(squares)], axis=1) / means[:, None]
    slope, offset = np.linalg.lstsq(terms, np.ones(BINS), rcond=None)[0]
    if slope <= 0:
        # A spread that does not predict the error, as after a few training steps: it is used as it is.
        return Certainty(float(np.sqrt(squares.mean())), 0.0)
    return Certainty(float(np.sqrt(HALF_SCORE_ERROR / slope)), float(np.sqrt(max(offset / slope, 0.0))))


@torch.no_grad()
def measure_certainty(model: nn.Module, faces: CropSet, scheme: LandmarkScheme, stride: float) -> Certainty:
    """The two numbers of a heatmap network.

    Args:
        model: in evaluation mode, giving raw maps.
        faces: crops of training faces.
        scheme: of the landmarks.
        stride: crop pixels per cell.
    """
    rng = np.random.default_rng(SEED)
    crops = np.concatenate([faces.crops, photographs(faces.crops, faces.landmarks_crop, rng)])
    true = np.concatenate([faces.landmarks_crop, faces.landmarks_crop])
    cells = round(crops.shape[1] / stride)
    codec = HeatmapCodec((cells, cells), stride)
    spreads, errors = [], []
    for crop, points in zip(crops, true, strict=True):
        raw = model(to_tensor(crop[None], torch.device("cpu")))[0][0].permute(1, 2, 0).contiguous().numpy()
        found, spread_px = codec.decode(map_weights(codec_of(model), raw, None))
        spreads.append(spread_px)
        errors.append(metrics.relative_errors(found, points, scheme))
    return fit_certainty(np.array(spreads), np.array(errors))
