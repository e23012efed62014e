"""Run files of the published systems: which task, which teachers, which weight each term has."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from training.data.augment import AugmentSettings
from training.engine.precision import EngineSettings
from training.engine.settings import DataSettings, OptimiserSettings, fill_table, fill_tables, read_merged
from training.models import ModelSettings


@dataclass(frozen=True)
class RegressionLoss:
    """[loss] of task `regression`: coordinates from labels, KD-Net's teachers and its student alone."""

    landmark: float = 100.0
    """Mean squared error of the coordinates, crop sides."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    variance_share: float = 0.0
    """Labels are smoothed by a shape model that keeps this share of the variance; 0: not at all."""


@dataclass(frozen=True)
class KdNetLoss:
    """[loss] of task `kd_net`."""

    main: float = 2.0
    """Against the labels, its bound from the tolerant teacher."""
    assist_tough: float = 1.0
    """Assistive loss of the tough teacher."""
    assist_tolerant: float = 1.0
    """Assistive loss of the tolerant teacher."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    weighting: str = "published"
    """Of the main loss: published or corrected."""


@dataclass(frozen=True)
class StarLoss:
    """[loss] of task `star`: maps under attention, from labels alone or with a teacher."""

    star: float = 1.0
    """STAR loss of the fused maps."""
    point: float = 10.0
    """Adaptive wing of the point maps."""
    edge: float = 10.0
    """Adaptive wing of the edge maps."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    distill_map: float = 0.0
    """Mean squared difference of the fused maps from the teacher's; published: 100."""
    distill_norm: float = 0.0
    """L2 norm of each landmark's difference, the form in the paper's text."""
    distance: str = "smooth_l1"
    """Within STAR: smooth_l1 or l1."""
    order: str = "v2"
    """Within STAR: v2 or v1."""
    sigma_px: float = 1.5
    """Of points and lines in their maps, pixels of a 256-pixel crop."""
    peak: bool = False
    """Compare fused maps over their largest values: for a student whose maps have another scale."""


@dataclass(frozen=True)
class IntegralLoss:
    """[loss] of task `integral`: EfficientFAN, from labels alone or with a teacher."""

    map: float = 1000.0
    """Mean squared error of the maps against Gaussians of height 1."""
    coordinate: float = 0.1
    """Wing loss of the points, pixels of a 256-pixel crop."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    feature: float = 0.0
    """Feature-aligned distillation at four stages."""
    patch: float = 0.0
    """Patch-similarity distillation at the decoder's three stages."""
    sigma_px: float = 6.0
    """Of the Gaussians, pixels of a 256-pixel crop."""


LossTable = RegressionLoss | KdNetLoss | StarLoss | IntegralLoss

LOSSES: dict[str, type[LossTable]] = {
    "regression": RegressionLoss,
    "kd_net": KdNetLoss,
    "star": StarLoss,
    "integral": IntegralLoss,
}
"""Tasks of the published systems, each with its [loss] table."""


@dataclass(frozen=True)
class SystemRun:
    """One training run of a published system."""

    name: str
    """Folder below --runs."""
    task: str
    """One of LOSSES."""
    model: ModelSettings
    """What is trained."""
    optimiser: OptimiserSettings
    """For how long and how."""
    loss: LossTable
    """What is minimised."""
    scheme: str = "ibug_68"
    """Landmark scheme."""
    margin: float = 1.3
    """Side of the unshaken roi over the face box's longest side."""
    seed: int = 0
    """Of weights and of every batch."""
    start: str = ""
    """Finished run whose weights are taken where name and shape agree: a backbone's, mostly, for want of
    weights learnt on ImageNet. Empty: random."""
    teachers: dict[str, str] = field(default_factory=dict)
    """Run of each teacher by its role: tough and tolerant, or teacher."""
    data: DataSettings = field(default_factory=DataSettings)
    """What is learnt from."""
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    """How crops are varied."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """How it is computed."""

    def __post_init__(self) -> None:
        """Every term that listens has its teacher, and every teacher a term.

        Raises:
            BadInputError: one without the other.
        """
        wanted = roles_of(self.loss)
        if set(self.teachers) != wanted:
            raise BadInputError(
                f"run {self.name}: teachers are {', '.join(sorted(self.teachers)) or 'none'}, its [loss] "
                f"listens to {', '.join(sorted(wanted)) or 'none'}; make both agree"
            )

    @property
    def teacher(self) -> str:
        """The teachers' runs, for people."""
        return ", ".join(self.teachers.values())


def roles_of(loss: LossTable) -> set[str]:
    """Teachers that a loss listens to."""
    match loss:
        case KdNetLoss():
            # The main loss takes its bound from the tolerant teacher, whatever else is on.
            return {"tolerant"} | ({"tough"} if loss.assist_tough else set())
        case StarLoss():
            return {"teacher"} if loss.distill_map or loss.distill_norm else set()
        case IntegralLoss():
            return {"teacher"} if loss.feature or loss.patch else set()
    return set()


TABLES: dict[str, type] = {
    "model": ModelSettings,
    "optimiser": OptimiserSettings,
    "data": DataSettings,
    "augment": AugmentSettings,
    "engine": EngineSettings,
}
"""Tables of a run file but [loss], whose form depends on the task."""


def is_system_run(values: dict[str, Any]) -> bool:
    """Whether the values of a run file or checkpoint are a published system's."""
    return values.get("task") in LOSSES


def system_run_from_values(values: dict[str, Any], where: str) -> SystemRun:
    """Run settings from the nested values of a TOML file or a checkpoint.

    Raises:
        BadInputError: an unknown or missing key, named with its table.
    """
    tables = {**TABLES, "loss": LOSSES[values["task"]]}
    return fill_table(SystemRun, fill_tables(tables, {"loss": {}, **values}, where), where)


def read_system_run(path: Path) -> SystemRun:
    """Read and check a run file of a published system.

    Raises:
        BadInputError: no such file, not TOML, an unknown or missing key.
    """
    return system_run_from_values(read_merged(path), str(path))
