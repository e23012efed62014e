"""What every backbone is: a trunk that turns an image into feature maps, shallow to deep."""

from torch import nn

from device.contract.errors import BadInputError


class Backbone(nn.Module):
    """What a head builds on.

    (B, 3, S, S) to maps (B, C, S/4...), the last two at S/32: the trunk's and, wider, its top's. Some can
    leave out the last halving (`last_stride = 1`): their last two maps then have S/16, their weights the same
    shapes.
    """

    widths: list[int]
    """Channels of each map."""
    stride: int = 32
    """Of the last two maps, in pixels of the image."""

    def blocks(self) -> list[nn.Module]:
        """The stem, then every block in order: what `[optimiser] frozen_blocks` counts.

        Raises:
            BadInputError: a trunk that has no blocks to freeze one by one.
        """
        raise BadInputError(
            f"{type(self).__name__} cannot freeze blocks: leave [optimiser] frozen_blocks out"
        )


def round_width(width: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, but not below 0.9 times the width (Howard et al., 2017)."""
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * width else rounded
