"""Networks by name: a run file's [model] table becomes a module."""

from dataclasses import dataclass

from torch import nn

from device.contract.errors import BadInputError
from training.models.landmark_student import LandmarkStudent

FAMILIES: dict[str, type[nn.Module]] = {"landmark_student": LandmarkStudent}
"""Every family a run file may name."""


@dataclass(frozen=True)
class ModelSettings:
    """The [model] table of a run file."""

    family: str
    """One of FAMILIES."""
    input_side: int
    """Pixels of the square crop."""
    arguments: dict[str, object]
    """Passed to the family's constructor."""


def build_model(settings: ModelSettings, landmark_count: int) -> nn.Module:
    """A fresh network: image (B, 3, S, S) to heatmap (B, K, S/4, S/4) and presence (B, 1).

    Raises:
        BadInputError: an unknown family or an argument it does not take.
    """
    family = FAMILIES.get(settings.family)
    if family is None:
        raise BadInputError(f"model family {settings.family!r} is unknown, known: {', '.join(FAMILIES)}")
    try:
        return family(landmark_count=landmark_count, **settings.arguments)
    except TypeError as error:
        raise BadInputError(f"model {settings.family}: {error}; see training/models/") from error
