"""The settings of a training run as frozen dataclasses: what one run file (TOML) comes to."""

from dataclasses import dataclass, field
from typing import Any

from device.contract.errors import BadInputError
from training.data.augment import AugmentSettings
from training.data.settings import DataSettings
from training.engine.precision import EngineSettings
from training.models import ModelSettings
from training.tasks.supervised import LossSettings


@dataclass(frozen=True)
class OptimiserSettings:
    """The [optimiser] table."""

    images: int
    """Face crops seen in the whole run."""
    batch: int = 32
    """Face crops a step; crops without a face come on top."""
    learning_rate: float = 2e-3
    """Peak of the schedule."""
    weight_decay: float = 0.02
    """On convolution weights only: AdamW's, or with Adam an L2 term of the loss."""
    kind: str = "adamw"
    """adamw or adam."""
    schedule: str = "cosine"
    """Of the learning rate after the warm-up: cosine (half of one, down to zero), steps (a tenth from each
    milestone on) or inverse_time (over 1 + inverse_time times the step)."""
    milestones: tuple[float, ...] = ()
    """Shares of the run at which the schedule `steps` goes down."""
    inverse_time: float = 0.0
    """Of the schedule `inverse_time`, which older versions of Keras call an optimiser's `decay`."""
    warm_up: float = 0.03
    """Share of the steps with a rising rate."""
    ema_decay: float = 0.999
    """Of the averaged weights that are evaluated and handed on."""
    frozen_norms: bool = False
    """BatchNorm keeps the statistics of the run that this one starts from, in training as in use. What a few
    faces unlike the rest do to a deep network is then seen and unlearnt; their own batch would hide it."""
    frozen_blocks: int = 0
    """The trunk's stem and so many of its blocks stay as they began, BatchNorm's statistics too: nothing is
    computed backwards through them, which saves most of a depthwise network's time. 0: all learn."""


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """What a landmark network's run and a finder's have in common."""

    name: str
    """Folder below --runs."""
    optimiser: OptimiserSettings
    """For how long and how."""
    task: str
    """What is learnt: a name of training/tasks/registry.py, or finder."""
    scheme: str = "ibug_68"
    """Landmark scheme."""
    seed: int = 0
    """Of weights and of every batch."""
    start: str = ""
    """Finished run whose network is trained on; empty: random weights, or those of [model] pretrained."""
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    """How pictures are varied."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """How it is computed."""


@dataclass(frozen=True, kw_only=True)
class RunSettings(CommonSettings):
    """One training run of a landmark network."""

    model: ModelSettings
    """What is trained."""
    task: str = "supervised"
    """What is learnt; a run file with `teachers` and without `task` means distillation."""
    margin: float = 1.3
    """Side of the unjittered crop over the face box's longest side."""
    teachers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Finished runs that teach, by role: tough and tolerant, or teacher. A plain list is the role teacher;
    several in one role teach as one, by the mixture of their maps. Empty: labels alone."""
    data: DataSettings = field(default_factory=DataSettings)
    """What is learnt from."""
    loss: Any = field(default_factory=LossSettings)
    """What is minimised: the [loss] table of the task."""

    def __post_init__(self) -> None:
        """Refuse teachers without a term that listens to them, and the other way round.

        Raises:
            BadInputError: one without the other.
        """
        if set(self.teachers) != self.loss.roles:
            raise BadInputError(
                f"run {self.name}: teachers are {', '.join(sorted(self.teachers)) or 'none'}, its [loss] "
                f"listens to {', '.join(sorted(self.loss.roles)) or 'none'}; make both agree"
            )
        if self.data.labels_only and self.task != "distillation":
            raise BadInputError(
                f"run {self.name}: [data] labels_only is for the task distillation, this one is {self.task}; "
                "leave it out"
            )
        if self.data.taught_only and not self.teachers:
            raise BadInputError(
                f"run {self.name}: {', '.join(self.data.taught_only)} to be learnt from teachers alone, but "
                "there are none; name them, or empty [data] taught_only"
            )

    @property
    def teacher_runs(self) -> tuple[str, ...]:
        """Every run that teaches."""
        return tuple(name for names in self.teachers.values() for name in names)
