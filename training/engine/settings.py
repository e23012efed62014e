"""A run file (TOML) as frozen dataclasses: one file a training run."""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from device.contract.errors import BadInputError
from training.data.augment import AugmentSettings
from training.engine.precision import EngineSettings
from training.models import ModelSettings

Table = TypeVar("Table")

TURNED = "turned"
"""Set under which [data] weights counts faces that were turned farther (training/data/turned/turned.py)."""


@dataclass(frozen=True)
class DataSettings:
    """The [data] table."""

    kind: str = "folder"
    """folder: the sets below --data; synthetic: faces drawn by training.data.synthetic."""
    context: float = 2.6
    """Side of a packed picture, in face sizes."""
    side: int = 288
    """Pixels of a packed picture."""
    weights: dict[str, float] = field(default_factory=dict)
    """Share of each set in a batch; sets not named count by their size."""
    taught_only: tuple[str, ...] = ()
    """Sets whose labels are not learnt: of their faces the teachers alone say where the points are."""
    turned: int = 0
    """Copies of each 300-W face with the head turned farther, in a set of their own called `turned`."""
    turned_yaw: float = 45.0
    """Most degrees by which these are turned."""
    faces: int = 2000
    """Synthetic faces drawn to train on."""
    seed: int = 0
    """Of the synthetic faces; those of validation are drawn with another."""

    def __post_init__(self) -> None:
        """A TOML file and a checkpoint of it are the same run."""
        object.__setattr__(self, "taught_only", tuple(self.taught_only))

    @property
    def sets(self) -> tuple[str, ...]:
        """Data sets that `weights` names; those of turned faces are no set on the disk."""
        return tuple(name for name in self.weights if name != TURNED)


@dataclass(frozen=True)
class OptimiserSettings:
    """The [optimiser] table."""

    images: int
    """Face crops seen in the whole run."""
    batch: int = 32
    """Face crops a step; crops without a face come on top."""
    learning_rate: float = 2e-3
    """Peak of the cosine schedule."""
    weight_decay: float = 0.02
    """Of AdamW, on convolution weights only."""
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


@dataclass(frozen=True)
class LossSettings:
    """The [loss] table: weights of the named terms."""

    coordinate: float = 1.0
    """Mean distance over the eye distance, smooth within `blunt`."""
    blunt: float = 0.01
    """Eye distances."""
    map: float = 0.01
    """Cross-entropy of the maps to a Gaussian."""
    sigma_px: float = 5.0
    """Of that Gaussian, crop pixels."""
    star: float = 0.0
    """STAR loss of the maps (training/losses/star.py)."""
    mirror: float = 0.0
    """Distance between what is found in a crop and in its mirror image, as `coordinate`."""
    presence: float = 0.02
    """Cross-entropy of the presence logit."""
    distill_map: float = 0.0
    """Cross-entropy of the maps to the teacher's."""
    distill_coordinate: float = 0.0
    """Distance to the teacher's points, as `coordinate`."""
    distill_sure: float = 0.0
    """Power of one over the spread of the teacher's map by which its points are weighed."""
    distill_feature: float = 0.0
    """Squared difference of the last features from the teacher's (training/losses/feature.py)."""
    distill_patch: float = 0.0
    """Difference in how the places of these features resemble each other, as in EfficientFAN."""

    @property
    def heard(self) -> tuple[str, ...]:
        """Terms that ask for a teacher."""
        terms = ("distill_map", "distill_coordinate", "distill_feature", "distill_patch")
        return tuple(term for term in terms if getattr(self, term))

    @property
    def compares_features(self) -> bool:
        """A term asks for a teacher whose features can be had: one network, no committee."""
        return any((self.distill_feature, self.distill_patch))


@dataclass(frozen=True)
class RunSettings:
    """One training run."""

    name: str
    """Folder below --runs."""
    model: ModelSettings
    """What is trained."""
    optimiser: OptimiserSettings
    """For how long and how."""
    scheme: str = "ibug_68"
    """Landmark scheme."""
    margin: float = 1.3
    """Side of the unshaken roi over the face box's longest side."""
    seed: int = 0
    """Of weights and of every batch."""
    start: str = ""
    """Name of the finished run whose network is trained on, grown if it is smaller; empty: random weights."""
    teachers: tuple[str, ...] = ()
    """Names of the runs whose networks teach, as one; the largest input is the student's or larger. They
    see each crop as the photograph has it. Empty: labels alone."""
    data: DataSettings = field(default_factory=DataSettings)
    """What is learnt from."""
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    """How crops are varied."""
    loss: LossSettings = field(default_factory=LossSettings)
    """What is minimised."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """How it is computed."""

    def __post_init__(self) -> None:
        """Teachers and the terms that listen to them belong together.

        Raises:
            BadInputError: one without the other, or teachers that are no list.
        """
        if isinstance(self.teachers, str):
            raise BadInputError(f"run {self.name}: teachers is {self.teachers!r}, wanted a list of names")
        # A TOML file and a checkpoint of it are the same run.
        object.__setattr__(self, "teachers", tuple(self.teachers))
        if bool(self.teachers) != bool(self.loss.heard):
            raise BadInputError(
                f"run {self.name}: teachers are {self.teacher or 'none'}, [loss] asks for "
                f"{', '.join(self.loss.heard) or 'nothing of one'}; give both or neither"
            )
        if self.data.taught_only and not self.teachers:
            raise BadInputError(
                f"run {self.name}: {', '.join(self.data.taught_only)} to be learnt from teachers alone, but "
                "there are none; name them, or empty [data] taught_only"
            )

    @property
    def teacher(self) -> str:
        """The teachers' runs, for people."""
        return ", ".join(self.teachers)


TABLES: dict[str, type] = {
    "model": ModelSettings,
    "optimiser": OptimiserSettings,
    "data": DataSettings,
    "augment": AugmentSettings,
    "loss": LossSettings,
    "engine": EngineSettings,
}
"""Tables of a run file and what each becomes."""


def fill_table(table: type[Table], values: dict[str, Any], where: str) -> Table:
    """A dataclass from a TOML table; an unknown or missing key is named."""
    known = {item.name for item in dataclasses.fields(table)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise BadInputError(f"{where}: unknown key {unknown[0]!r}, known: {', '.join(sorted(known))}")
    try:
        return table(**values)
    except TypeError as error:
        raise BadInputError(f"{where}: {error}; wanted {', '.join(sorted(known))}") from error


def fill_tables(tables: dict[str, type], values: dict[str, Any], where: str) -> dict[str, Any]:
    """A run file's values with each of its tables as the dataclass that `tables` names for it.

    Raises:
        BadInputError: an unknown or missing key, named with its table.
    """
    return {
        key: fill_table(tables[key], value, f"{where} [{key}]") if key in tables else value
        for key, value in values.items()
    }


def run_from_values(values: dict[str, Any], where: str) -> RunSettings:
    """Run settings from the nested values of a TOML file or a checkpoint.

    Raises:
        BadInputError: an unknown or missing key, named with its table.
    """
    return fill_table(RunSettings, fill_tables(TABLES, values, where), where)


def read_values(path: Path) -> dict[str, Any]:
    """The nested values of a run file, unchecked.

    Raises:
        BadInputError: no such file, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInputError(f"no run file {path}: see training/configs/") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"run file {path}: {error}") from error


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base's values with those of `changes` put over them, table by table."""
    over = {
        key: merged(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict)
        else value
        for key, value in changes.items()
    }
    return {**base, **over}


def read_merged(path: Path) -> dict[str, Any]:
    """A run file's values over those of the file that its `base` names, beside it.

    `teachers` replaces the base's whole table: a row without a teacher says `teachers = {}`.

    Raises:
        BadInputError: a file is missing or not TOML.
    """
    values = read_values(path)
    base = values.pop("base", None)
    if base is None:
        return values
    under = read_merged(path.parent / base)
    if "teachers" in values:
        under.pop("teachers", None)
    return merged(under, values)


def read_run(path: Path) -> RunSettings:
    """Read and check a run file.

    Raises:
        BadInputError: no such file, not TOML, an unknown or missing key.
    """
    return run_from_values(read_merged(path), str(path))
