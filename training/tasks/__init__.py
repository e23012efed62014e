"""Tasks: each owns a forward pass and its loss, and returns every term by name."""

from dataclasses import Field, dataclass
from typing import Any, ClassVar, Protocol

from torch import Tensor

from training.data.augment import Batch


@dataclass(frozen=True, eq=False)
class TaskResult:
    """One batch's losses."""

    loss: Tensor
    """The weighted sum that is minimised."""
    terms: dict[str, Tensor]
    """Every term before its weight, for the log."""


class LossWeights(Protocol):
    """A [loss] table: a dataclass with the weight of each term under the term's name."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


class Task(Protocol):
    """What the loop trains."""

    def __call__(self, batch: Batch) -> TaskResult:
        """Forward and loss of one batch."""
        ...
