"""Resizing of square pictures and feature maps."""

from torch import Tensor
from torch.nn import functional


def resized(maps: Tensor, side: int) -> Tensor:
    """Resize (B, C, V, V) to (B, C, side, side), bilinear with antialiasing; returned as is if it fits."""
    if maps.shape[2] == side:
        return maps
    return functional.interpolate(maps, size=(side, side), mode="bilinear", antialias=True)
