"""From a network's raw output to landmarks, for tensors: the twin of device/contract/codec.py."""

from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.losses.heatmap import expectation
from training.models.trunk_net import TrunkNet

MIN_MASS = 1e-6
"""Added to every cell of a positive-part map, as the device does: an empty map means its centre."""


def check_finds_landmarks(model: nn.Module, where: str) -> None:
    """Refuse a pretrained trunk where landmarks are wanted.

    Raises:
        BadInputError: it is one.
    """
    if isinstance(model, TrunkNet):
        raise BadInputError(
            f"{where} is a pretrained trunk, which finds no landmarks: name a run that starts from it"
        )


def codec_of(model: nn.Module) -> str:
    """Name of the codec that reads a network's output; softmax_expectation unless it says otherwise."""
    return str(getattr(model, "codec", "softmax_expectation"))


def mass_expectation(maps: Tensor, stride: float) -> Tensor:
    """Mean of the positive part of maps (B, K, H, W): (B, K, 2) crop pixels.

    F(p) = max(map(p), 0) + 1e-6,  landmark = sum F(p) p / sum F(p)
    """
    mass = maps.float().clamp_min(0.0) + MIN_MASS
    # The logarithm's softmax is the plain normalisation.
    return expectation(mass.log(), stride)


def coordinates_to_pixels(coordinates: Tensor, side: int) -> Tensor:
    """(B, 2 K) crop sides from the crop's centre to (B, K, 2) crop pixels."""
    return coordinates.float().unflatten(1, (-1, 2)) * side + (side - 1) / 2


def pixels_to_coordinates(landmarks: Tensor, side: int) -> Tensor:
    """(B, K, 2) crop pixels to (B, 2 K) crop sides from the crop's centre."""
    return ((landmarks - (side - 1) / 2) / side).flatten(1)


def landmarks_of(codec: str, raw: Tensor, side: int) -> Tensor:
    """(B, K, 2) crop pixels from a network's first output.

    Args:
        codec: softmax_expectation, relu_expectation or coordinates.
        raw: maps (B, K, H, W), or coordinates (B, 2 K).
        side: crop pixels of a side.
    """
    if codec == "coordinates":
        return coordinates_to_pixels(raw, side)
    read = mass_expectation if codec == "relu_expectation" else expectation
    return read(raw, side / raw.shape[2])


def stride_of(codec: str, raw: Tensor, side: int) -> float:
    """Crop pixels per cell; the whole crop is one cell of coordinates."""
    return float(side) if codec == "coordinates" else side / raw.shape[2]
