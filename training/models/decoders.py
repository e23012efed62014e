"""From a backbone's smallest map back up: three doublings, by transposed convolution or nearest neighbour."""

from collections.abc import Callable

from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.landmark_student import ConvUnit


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


class Decoder(nn.Module):
    """Three doublings: S/32 to S/4."""

    def __init__(self, inputs: int, width: int, step: str) -> None:
        """`width` channels at every size.

        Raises:
            BadInputError: an unknown step.
        """
        super().__init__()
        kind = STEPS.get(step)
        if kind is None:
            raise BadInputError(f"upsampling {step!r} is unknown, known: {', '.join(STEPS)}")
        self.steps = nn.ModuleList(kind(before, width) for before in (inputs, width, width))

    def forward(self, features: Tensor) -> list[Tensor]:
        """(B, inputs, H, W) to (B, width, 2H, 2W), (B, width, 4H, 4W) and (B, width, 8H, 8W)."""
        maps = []
        for step in self.steps:
            features = step(features)
            maps.append(features)
        return maps
