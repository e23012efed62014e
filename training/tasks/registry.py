"""Every task that a run file may name."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from device.contract.errors import BadInputError
from training.models.attention_net import AttentionNet
from training.models.coordinate_net import CoordinateNet
from training.models.decode import codec_of
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
    codec: str | None = None
    """Codec of the networks that it takes, where a kind of network has several; None: any."""
    committee: bool = False
    """Several networks may teach in one role, of the student's input or a larger one."""
    published: bool = True
    """A published system, handed over as it was published."""


RAW_MAPS = (FeaturePyramid, AttentionNet, IntegralNet)
"""Kinds of networks that can give raw maps: a published system's decoder is trained by them first."""

TASKS = {
    "supervised": TaskKind(
        LossSettings, RAW_MAPS, SupervisedTask.build, "softmax_expectation", published=False
    ),
    "distillation": TaskKind(
        LossSettings,
        RAW_MAPS,
        DistillationTask.build,
        "softmax_expectation",
        committee=True,
        published=False,
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
    codec = task_kind(task).codec
    if codec is not None and codec_of(model) != codec:
        raise BadInputError(
            f"{what} is a {type(model).__name__} that is read by {codec_of(model)}, task {task} reads raw "
            "maps: set fused_graph = false or hard_swish = false in [model] arguments"
        )
