"""EfficientNet-Lite: EfficientNet without squeeze-excite and with ReLU6, made for mobile processors.

Tan & Le, ICML 2019 (arXiv 1905.11946); the Lite variants are Google's, published with TensorFlow weights.
Three details make those weights mean here what they meant there:

- Padding is TensorFlow's "same": a stride of 2 on an even side pads one pixel more at the right and bottom.
- BatchNorm's epsilon is 1e-3.
- Their input is RGB, (pixel - 127) / 128; ours is BGR, (pixel - 128) / 128. The first convolution's channels
  are reversed, its BatchNorm takes up the constant, and the border is padded with our value of pixel 127.

Letters: B images, S side (a multiple of 32), C channels.
"""

import itertools
import math
from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor, nn

from device.contract.errors import BadInputError
from training.models.backbone import Backbone, round_width

OFFSET = 1 / 128
"""What the published input has more than ours, from the same pixel."""
STEM_WIDTH, TOP_WIDTH = 32, 1280
"""Channels of the first and of the last convolution, the same in every size."""
SCALES = {"lite0": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2)}
"""Width and depth coefficients."""


@dataclass(frozen=True)
class Stage:
    """Blocks of one width."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    width: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
"""EfficientNet-B0's, before scaling (table 1 of the paper)."""
LAST_HALVING = STAGES[5]
"""The stage that begins at S/32."""


def same_padding(kernel: int, stride: int) -> tuple[int, int]:
    """Pixels that TensorFlow adds (before, after) along one side that the stride divides."""
    total = max(kernel - stride, 0)
    return total // 2, total - total // 2


class Unit(nn.Sequential):
    """Convolution with TensorFlow's padding, BatchNorm and, with `relu`, ReLU6."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        groups: int = 1,
        relu: bool = True,
        pad_value: float = 0.0,
    ) -> None:
        before, after = same_padding(kernel, stride)
        even = before == after and not pad_value
        layers = OrderedDict[str, nn.Module]()
        if not even:
            layers["pad"] = nn.ConstantPad2d((before, after, before, after), pad_value)
        layers["conv"] = nn.Conv2d(
            inputs, outputs, kernel, stride, padding=before if even else 0, groups=groups, bias=False
        )
        layers["norm"] = nn.BatchNorm2d(outputs, eps=1e-3)
        if relu:
            layers["relu"] = nn.ReLU6(inplace=True)
        super().__init__(layers)


class InvertedResidual(nn.Module):
    """Expand by a 1x1, filter each channel, project back; the input is added where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expansion
        self.expand = Unit(inputs, inner) if stage.expansion > 1 else nn.Identity()
        self.depthwise = Unit(inner, inner, stage.kernel, stride, groups=inner)
        self.project = Unit(inner, outputs, relu=False)
        self.adds = stride == 1 and inputs == outputs
        self.width = outputs

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, H / stride, W / stride)."""
        found: Tensor = self.project(self.depthwise(self.expand(features)))
        return features + found if self.adds else found


def _repeats(depth: float) -> list[int]:
    """Blocks of each stage; the Lite variants leave the first and the last at one."""
    inner = (math.ceil(stage.repeats * depth) for stage in STAGES[1:-1])
    return [STAGES[0].repeats, *inner, STAGES[-1].repeats]


class EfficientNetLite(Backbone):
    """The trunk and the last 1x1 convolution."""

    def __init__(self, size: str = "lite0", *, last_stride: int = 2) -> None:
        """One of SCALES; with a `last_stride` of 1 the last maps have S/16.

        Raises:
            BadInputError: another size.
        """
        super().__init__()
        if size not in SCALES:
            raise BadInputError(f"EfficientNet-Lite size {size!r} is unknown, known: {', '.join(SCALES)}")
        self.size = size
        self.stem = Unit(3, STEM_WIDTH, 3, 2, pad_value=-OFFSET)
        blocks = self._make_blocks(*SCALES[size], last_stride)
        self.trunk = nn.ModuleList(blocks)
        self.top = Unit(blocks[-1].width, TOP_WIDTH)
        self.stride = 16 * last_stride
        # A stage's map is the last before the next halving, be it left out or not.
        starts = itertools.accumulate(_repeats(SCALES[size][1]), initial=0)
        halvings = [start for start, stage in zip(starts, STAGES, strict=False) if stage.stride == 2]
        self.ends = [start - 1 for start in halvings[1:]] + [len(blocks) - 1]
        self.widths = [*(blocks[end].width for end in self.ends), TOP_WIDTH]

    @staticmethod
    def _make_blocks(width: float, depth: float, last_stride: int) -> list[InvertedResidual]:
        blocks: list[InvertedResidual] = []
        inputs = STEM_WIDTH
        for stage, repeats in zip(STAGES, _repeats(depth), strict=True):
            outputs = round_width(stage.width * width)
            first_stride = last_stride if stage is LAST_HALVING else stage.stride
            for number in range(repeats):
                blocks.append(InvertedResidual(inputs, outputs, stage, 1 if number else first_stride))
                inputs = outputs
        return blocks

    def blocks(self) -> list[nn.Module]:
        """Stem, then every block."""
        return [self.stem, *self.trunk]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to maps at S/4, S/8, S/16 and `stride`, and the top at `stride`."""
        features, maps = self.stem(image), []
        for number, block in enumerate(self.trunk):
            features = block(features)
            if number in self.ends:
                maps.append(features)
        return [*maps, self.top(features)]
