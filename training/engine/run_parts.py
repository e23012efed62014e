"""What a run consists of, as its caller builds it and the loop runs it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from device.contract.landmarks import LandmarkScheme
from device.contract.provenance import Source
from training.engine.figures import draw_predictions
from training.engine.settings import CommonSettings
from training.engine.validation import validation_nme
from training.engine.world import World
from training.tasks import Task


class Augmenter(Protocol):
    """Makes the batches of a task; each holds at least the `image` that the network sees."""

    def batch(self, chosen: torch.Tensor, rng: torch.Generator) -> Any:
        """A batch of these examples, every draw from `rng`."""
        ...


Measure = Callable[[nn.Module, Any, LandmarkScheme], dict[str, float]]
"""A network's figure on each validation set, a fraction; lower is better."""

Draw = Callable[[nn.Module, Any, LandmarkScheme, Path], None]
"""Writes a picture of a network's predictions on the validation set."""


@dataclass(frozen=True)
class LoopOptions:
    """Options of the command line that do not change a finished run's result, but for `initial`."""

    shard_mb: float = 0.0
    """Megabytes of a checkpoint's shard; 0: one file."""
    initial: Path | None = None
    """State dict to begin with."""
    strict_counts: bool = False
    """A data set that is not of its published size is an error."""
    stop_after_s: float = 0.0
    """End, with a checkpoint, after so many seconds; 0: at the end of the run."""
    allow_weak_teacher: bool = False
    """Learn from a teacher even if it is worse than what it teaches."""


@dataclass(frozen=True, eq=False)
class RunParts:
    """Everything a run consists of, built by the caller."""

    settings: CommonSettings
    """The run file."""
    model: nn.Module
    """Trained."""
    average: nn.Module
    """Its twin for the averaged weights."""
    task: Task
    """Forward and loss of one of the augmenter's batches; holds `model`."""
    augmenter: Augmenter
    """Makes batches."""
    weights: torch.Tensor
    """(N,) share of each packed example in a batch."""
    validation: Any
    """To report on, as `measure` and `draw` want it."""
    folder: Path
    """Where everything of the run goes."""
    measure: Measure = validation_nme
    """Takes the figures."""
    draw: Draw = draw_predictions
    """Draws the predictions."""
    figure: str = "nme"
    """What `measure` gives, as the log calls it."""
    world: World = field(default_factory=World)
    """The processes that share the run."""
    options: LoopOptions = field(default_factory=LoopOptions)
    """From the command line."""
    notes: tuple[str, ...] = ()
    """On the data, one line each, for the log."""
    sources: tuple[Source, ...] = ()
    """Everything that it learns from, its start and its teachers included."""
