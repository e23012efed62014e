"""From a backbone's maps up to S/4: as the papers do it, from the smallest alone, or with skip connections.

A decoder takes the maps at S/4, S/8, S/16 and S/32, or S/16 again, and gives those from there to S/4.
Letters: B images, S side, C channels.
"""

import math
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.landmark_student import ConvUnit, Merge

MAP_STRIDE = 4
"""Pixels of the image to a cell of the maps."""


def doublings_from(stride: int) -> int:
    """How often a map of this stride is doubled until it has S/4."""
    return int(math.log2(stride / MAP_STRIDE))


class Deconvolution(nn.Sequential):
    """Transposed convolution, BatchNorm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 4, stride: int = 2) -> None:
        """Grows height and width by `stride`."""
        padding = (kernel - stride) // 2
        super().__init__(
            nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding=padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class NearestConvolution(nn.Sequential):
    """Nearest-neighbour doubling, then a 3x3 convolution: what int8 kernels have."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Narrowed before it grows, where that is four times cheaper."""
        super().__init__(
            ConvUnit(inputs, outputs, kernel=1),
            nn.Upsample(scale_factor=2.0, mode="nearest"),
            ConvUnit(outputs, outputs),
        )


STEPS: dict[str, Callable[[int, int], nn.Sequential]] = {
    "deconvolution": Deconvolution,
    "nearest": NearestConvolution,
}
"""Ways to double."""
PYRAMID = "pyramid"
"""The decoder with skip connections."""


class Decoder(nn.Module):
    """Doublings of the smallest map alone to S/4, three from S/32, as EfficientFAN and MobileFAN have it."""

    def __init__(self, inputs: int, width: int, step: str, doublings: int = 3) -> None:
        """`width` channels at every size.

        Raises:
            BadInputError: an unknown step.
        """
        super().__init__()
        kind = STEPS.get(step)
        if kind is None:
            raise BadInputError(f"upsampling {step!r} is unknown, known: {', '.join((*STEPS, PYRAMID))}")
        self.widths = (width,) * doublings
        self.steps = nn.ModuleList(kind(before, width) for before in (inputs, *self.widths[1:]))

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Maps whose last is (B, inputs, H, W) to those of 2H, 4H and so on."""
        features, maps = levels[-1], []
        for step in self.steps:
            features = step(features)
            maps.append(features)
        return maps


class PyramidDecoder(nn.Module):
    """The decoder of the students that ship: at each size the backbone's own map is added.

    Its tensors bear the same names as theirs, so that a run may start from one of them, decoder and all.
    """

    def __init__(self, levels: Sequence[int], widths: Sequence[int]) -> None:
        """Build it.

        Args:
            levels: channels of the backbone's maps, S/4 to S/32.
            widths: channels on the way up, at S/16, S/8 and S/4.
        """
        super().__init__()
        deep = [levels[-1], *widths[:-1]]
        shallow = reversed(levels[:-1])
        self.merges = nn.ModuleList(Merge(*channels) for channels in zip(deep, shallow, widths, strict=True))
        self.widths = tuple(widths)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """(B, C, S/4, S/4) to (B, C, S/32, S/32) to maps at S/16, S/8 and S/4."""
        features, maps = levels[-1], []
        for merge, shallow in zip(self.merges, reversed(levels[:-1]), strict=True):
            features = merge(features, shallow)
            maps.append(features)
        return maps


def pyramid_widths(width: int | Sequence[int]) -> list[int]:
    """Channels at S/16, S/8 and S/4: one number for all, or three."""
    return [width] * 3 if isinstance(width, int) else list(width)


def one_width(width: int | Sequence[int], decoder: str) -> int:
    """The one width of a decoder that has no other.

    Raises:
        BadInputError: several.
    """
    if not isinstance(width, int):
        raise BadInputError(f"width is {width!r}: {decoder} has one number of channels, {PYRAMID} three")
    return width
