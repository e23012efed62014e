"""Every task that a run file may name."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from device.contract.errors import BadInputError
from training.models.attention_net import AttentionNet
from training.models.coordinate_net import CoordinateNet
from training.models.integral_net import IntegralNet
from training.models.landmark_student import FeaturePyramid
from training.models.trunk_net import TrunkNet
from training.tasks import LossTable, Task, TaskContext
from training.tasks.distillation import DistillationTask
from training.tasks.efficient_fan import IntegralLoss, IntegralTask
from training.tasks.kd_net import KdNetLoss, KdNetTask, RegressionLoss, RegressionTask
from training.tasks.pretrain import PretrainLoss, PretrainTask
from training.tasks.star_swin import StarLoss, StarTask
from training.tasks.supervised import LossSettings, SupervisedTask


@dataclass(frozen=True)
class TaskKind:
    """What a task wants and how it is built."""

    loss: type[LossTable]
    """Its [loss] table."""
    networks: tuple[type[nn.Module], ...]
    """Kinds that it trains and is taught by."""
    build: Callable[[TaskContext], Task]
    """The task of a run."""
    committee: bool = False
    """Several networks may teach in one role, of the student's input or a larger one."""
    published: bool = True
    """A published system, handed over as it was published."""


TASKS = {
    "supervised": TaskKind(
        LossSettings, (FeaturePyramid, AttentionNet), SupervisedTask.build, published=False
    ),
    "distillation": TaskKind(
        LossSettings, (FeaturePyramid,), DistillationTask.build, committee=True, published=False
    ),
    "pretrain": TaskKind(PretrainLoss, (TrunkNet,), PretrainTask.build, published=False),
    "regression": TaskKind(RegressionLoss, (CoordinateNet,), RegressionTask.build),
    "kd_net": TaskKind(KdNetLoss, (CoordinateNet,), KdNetTask.build),
    "star_swin": TaskKind(StarLoss, (AttentionNet,), StarTask.build),
    "efficient_fan": TaskKind(IntegralLoss, (IntegralNet,), IntegralTask.build),
}
"""Tasks by the name that a run file gives."""


def task_kind(name: str) -> TaskKind:
    """A task by its name.

    Raises:
        BadInputError: an unknown one.
    """
    if name not in TASKS:
        raise BadInputError(f"task {name!r} is unknown, known: {', '.join(TASKS)}, finder")
    return TASKS[name]


def check_network(model: nn.Module, task: str, what: str) -> None:
    """Refuse a network that a task can neither train nor be taught by.

    Raises:
        BadInputError: another kind.
    """
    wanted = task_kind(task).networks
    if not isinstance(model, wanted):
        names = " or ".join(kind.__name__ for kind in wanted)
        raise BadInputError(
            f"{what} is {type(model).__name__}, task {task} wants {names}; see training/configs/"
        )
