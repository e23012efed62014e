"""Square pictures and maps at another size."""

from torch import Tensor
from torch.nn import functional


def resized(maps: Tensor, side: int) -> Tensor:
    """(B, C, V, V) at `side` cells a side, bilinear and without aliasing; unchanged where it has them."""
    if maps.shape[2] == side:
        return maps
    return functional.interpolate(maps, size=(side, side), mode="bilinear", antialias=True)
