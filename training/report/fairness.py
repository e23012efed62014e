"""Does a model serve everybody alike? Misses, presence and steadiness by the groups that FairFace names.

FairFace (Karkkainen and Joo, WACV 2021) gives no landmarks, so accuracy cannot be measured on it. What can
be: whether the finder finds the face, how sure the network is that it sees one, and how far its landmarks
move when the same photograph is mirrored, shifted and scaled (`training/pseudo_labels/passes.py`). A network
that is at home with a face hardly moves; where it is not, its landmarks differ from pass to pass.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.errors import BadInputError
from device.contract.landmarks import ibug_68
from device.finders.finder import Finder
from device.inference.network import LandmarkNetwork
from device.tracking.observation import Observation
from device.tracking.tracker import Tracker
from training.data.sets.picture import read_picture
from training.pseudo_labels.passes import MAX_SPREAD, back_in_picture, looks_at, mean_and_spread
from training.report.paired import interval_of_mean

LIST = "list.csv"
KINDS = ("race", "gender", "age")
"""Columns of the list, as the set names them."""
SPREADSHEET_DATES = {"03-Sep": "3-9", "3-Sep": "3-9", "Oct-19": "10-19"}
"""Ranges of age that a spreadsheet has taken for dates in some copies of the list."""
MIN_FACES = 20
"""Of a group, below which it says nothing."""
ROUNDING = 1e-9
"""Of a mean whose values are all the same."""


@dataclass(frozen=True)
class Look:
    """What a model made of one photograph."""

    presence: float | None
    """Score of the face in the photograph as it is; None where it was missed."""
    agrees: bool | None
    """Whether the passes' landmarks lie within MAX_SPREAD of their mean; None with fewer than two."""


@dataclass(frozen=True)
class Interval:
    """A mean and the interval of 95 % within which chance moves it."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Figures over the photographs of one group, fractions."""

    kind: str
    name: str
    count: int
    missed: Interval
    presence: Interval
    disagree: Interval
    """Share of the photographs whose passes do not agree."""


def read_groups(folder: Path) -> list[dict[str, str]]:
    """Rows of FairFace's list, with ages as written by its authors.

    Raises:
        BadInputError: no list there, or without the columns.
    """
    path = folder / LIST
    if not path.is_file():
        raise BadInputError(f"no {path}; wanted FairFace's pictures beside {LIST}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lacking = {"name", *KINDS} - set(rows[0] if rows else ())
    if lacking:
        raise BadInputError(f"{path} lacks {', '.join(sorted(lacking))}; wanted name, {', '.join(KINDS)}")
    return [{**row, "age": SPREADSHEET_DATES.get(row["age"], row["age"])} for row in rows]


def look_at(tracker: Tracker, picture: NDArray[np.uint8]) -> Look:
    """Ask for the face of a photograph (H, W, 3) in every pass."""
    found = [_largest_face(tracker, each) for each in looks_at(picture)]
    first = found[0]
    nothing = np.full((ibug_68.count, 2), np.nan)
    passes = np.stack([nothing if face is None else face.landmarks_frame for face in found])
    height, width = picture.shape[:2]
    return Look(None if first is None else first.score, _agrees(back_in_picture(passes, width, height)))


def _largest_face(tracker: Tracker, look: NDArray[np.uint8]) -> Observation | None:
    tracker.reset()
    return max(tracker.track(look).faces, key=lambda face: face.size, default=None)


def _agrees(passes: NDArray[np.float64]) -> bool | None:
    found = passes[np.isfinite(passes).all(axis=(1, 2))]
    if len(found) < 2:
        return None
    return mean_and_spread(found).spread <= MAX_SPREAD


def measure_fairness(model: Path, finder: Finder, folder: Path, count: int | None = None) -> list[Group]:
    """Figures of every group of FairFace's photographs; all of them first.

    Args:
        model: .tflite with its manifest, of 68 points.
        finder: finds the faces, as on the device.
        folder: FairFace's pictures beside list.csv.
        count: only the first so many photographs of the list.

    Raises:
        BadInputError: model, list or a picture missing or damaged.
    """
    rows = read_groups(folder)[:count]
    tracker = Tracker(LandmarkNetwork(model), finder)
    looks = [
        look_at(tracker, read_picture(folder / row["name"]))
        for row in tqdm(rows, desc="looking", unit="photograph")
    ]
    return list(_groups(rows, looks))


def _groups(rows: Sequence[dict[str, str]], looks: Sequence[Look]) -> Iterator[Group]:
    yield _group("all", "all", looks)
    for kind in KINDS:
        for name in sorted({row[kind] for row in rows}, key=_by_number):
            chosen = [look for row, look in zip(rows, looks, strict=True) if row[kind] == name]
            if len(chosen) >= MIN_FACES:
                yield _group(kind, name, chosen)


def _by_number(name: str) -> tuple[int, str]:
    """Ages in their order: `3-9` before `10-19`, `more than 70` last."""
    start = name.split("-", maxsplit=1)[0]
    return (int(start) if start.isdigit() else 1000, name)


def _group(kind: str, name: str, looks: Sequence[Look]) -> Group:
    columns = (
        [float(look.presence is None) for look in looks],
        [look.presence for look in looks if look.presence is not None],
        [float(not look.agrees) for look in looks if look.agrees is not None],
    )
    return Group(kind, name, len(looks), *(Interval(*interval_of_mean(column)) for column in columns))


def fairness_rows(groups: Sequence[Group]) -> list[str]:
    """Rows of a Markdown table; a figure whose interval leaves out the mean of all is marked with a star."""
    everybody = groups[0]
    rows = []
    for group in groups:
        cells = [
            _cell(getattr(group, name), getattr(everybody, name).mean, scale)
            for name, scale in (("missed", 100), ("presence", 1), ("disagree", 100))
        ]
        rows.append(f"| {group.kind} | {group.name} | {group.count} | " + " | ".join(cells) + " |")
    return rows


def _cell(figure: Interval, everybody: float, scale: float) -> str:
    star = "" if figure.low - ROUNDING <= everybody <= figure.high + ROUNDING else " *"
    mean, low, high = (scale * value for value in (figure.mean, figure.low, figure.high))
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]{star}"


def fairness_table(groups: Sequence[Group]) -> str:
    """The figures for people, as a Markdown table."""
    head = [
        "| | group | photographs | missed % | presence | passes disagree % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join(head + fairness_rows(groups))
