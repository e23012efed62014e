"""Tasks: each owns a forward pass and its loss, and returns every term by name."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from device.contract.landmarks import LandmarkScheme


@dataclass(frozen=True)
class LossTable:
    """A [loss] table: the weight of each term under the term's name, and the terms' own settings."""

    @property
    def roles(self) -> frozenset[str]:
        """Teachers that these weights ask for, by role."""
        return frozenset()


@dataclass(frozen=True, eq=False)
class TaskResult:
    """One batch's losses."""

    loss: Tensor
    """The weighted sum that is minimised."""
    terms: dict[str, Tensor]
    """Every term before its weight, for the log."""


class Task(Protocol):
    """What the loop trains."""

    @property
    def extra(self) -> nn.Module | None:
        """Trained beside the network but not deployed."""
        ...

    def __call__(self, batch: Any) -> TaskResult:
        """Forward and loss of one batch."""
        ...


@dataclass(frozen=True, eq=False)
class TaskContext:
    """What a task is built from."""

    model: nn.Module
    """Trained."""
    loss: Any
    """The run's [loss] table, of the task's kind."""
    scheme: LandmarkScheme
    """Of the landmarks."""
    teachers: dict[str, nn.Module]
    """Frozen networks by role."""
    landmarks: NDArray[np.floating]
    """(N, K, 2) labels of the training faces, pack pixels."""
    device: torch.device
    """Where the run is computed."""


def weigh(terms: dict[str, Tensor], settings: object) -> TaskResult:
    """The sum of the terms, each times the setting of its own name."""
    weighted = [getattr(settings, name) * value for name, value in terms.items()]
    return TaskResult(sum(weighted[1:], weighted[0]), terms)
