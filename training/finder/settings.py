"""A finder's run file (TOML) as frozen dataclasses."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from device.contract.errors import BadInputError
from training.engine.run_file import fill, read_merged
from training.engine.settings import CommonSettings


@dataclass(frozen=True)
class FinderModelSettings:
    """The [model] table."""

    family: str = "finder_student"
    """The only family so far."""
    input_wh: tuple[int, int] = (192, 160)
    """Pixels of the input; both sides divide by 32."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Passed to the family's constructor."""


@dataclass(frozen=True)
class FinderDataSettings:
    """The [data] table."""

    side: int = 320
    """Longest side of a packed picture, pixels; smaller pictures stay as they are."""
    ground_side: int = 192
    """Pixels of a packed piece of faceless ground."""
    made_grounds: int = 1500
    """Grounds drawn by training.data.synthetic, besides those cut from the pictures."""
    weights: dict[str, float] = field(default_factory=dict)
    """Share of each set in a batch; none named: the usual sets, by their size."""
    teacher: Literal["yunet", "none"] = "yunet"
    """What finds the faces that no label tells of; none: the labels are all there is, and bare ground is cut
    only from pictures that this project has made, which hold one face each."""


@dataclass(frozen=True)
class ComposeSettings:
    """The [compose] table: how a canvas is put together."""

    faceless: float = 0.2
    """Share of canvases of ground alone."""
    second: float = 0.4
    """Share with a second picture pasted in."""
    third: float = 0.2
    """Share with a third."""
    part: float = 0.35
    """Of pasted pictures, share that shows any part of them instead of a face."""
    cover: float = 0.35
    """Share with a piece of ground pasted over all."""
    usual: float = 0.6
    """Share of main faces of a usual size ..."""
    usual_sizes: tuple[float, float] = (0.12, 0.75)
    """... in shorter canvas sides, log-uniform; the others take any size."""
    any_sizes: tuple[float, float] = (0.06, 0.95)
    """Of the others."""
    pasted_sizes: tuple[float, float] = (0.06, 0.4)
    """Of pasted faces."""
    rotation_degrees: float = 12.0
    """Standard deviation of the roll."""
    tilted: float = 0.25
    """Share with a roll anywhere within ..."""
    tilted_degrees: float = 50.0
    """... this."""
    mirror: float = 0.5
    """Share mirrored."""
    barred: float = 0.5
    """Share whose frame fills the canvas along one side only, as a letterboxed one does."""


@dataclass(frozen=True)
class FinderLossSettings:
    """The [loss] table: weights of the named terms."""

    score: float = 1.0
    """Focal loss of the score map."""
    box: float = 1.0
    """1 - IoU."""
    corner: float = 1.0
    """Distance of the box's sides, over its size."""
    points: float = 2.0
    """Distance of the five points, over the box's size."""


@dataclass(frozen=True, kw_only=True)
class FinderRun(CommonSettings):
    """One training run of a finder. An image is a canvas; of [augment] only the photometric shares count."""

    task: str = "finder"
    """What tells a finder's run file from a landmark network's."""
    model: FinderModelSettings = field(default_factory=FinderModelSettings)
    """What is trained."""
    data: FinderDataSettings = field(default_factory=FinderDataSettings)
    """What is learnt from."""
    compose: ComposeSettings = field(default_factory=ComposeSettings)
    """How canvases are put together."""
    loss: FinderLossSettings = field(default_factory=FinderLossSettings)
    """What is minimised."""


def finder_run_from_values(values: dict[str, Any], where: str) -> FinderRun:
    """Run settings from the nested values of a TOML file or a checkpoint.

    Raises:
        BadInputError: an unknown or missing key, a size the network cannot halve five times.
    """
    run = fill(FinderRun, values, where)
    if any(side <= 0 or side % 32 for side in run.model.input_wh):
        raise BadInputError(f"{where} [model] input_wh is {run.model.input_wh}, wanted multiples of 32")
    return run


def is_finder_run(values: dict[str, Any]) -> bool:
    """Whether these are a finder's values and not a landmark network's."""
    return values.get("task") == "finder"


def read_finder_run(path: Path) -> FinderRun:
    """Read and check a run file.

    Raises:
        BadInputError: no such file, not TOML, an unknown or missing key.
    """
    return finder_run_from_values(read_merged(path), str(path))
