"""The page's tables, from the figures."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from training.measure.evaluate import YAW_EDGES
from training.peers.figures import Measured
from training.peers.hardship import HARDSHIPS
from training.peers.peer import LOOK
from training.peers.robustness import CLEAR
from training.peers.times import COLUMNS as STAGE_COLUMNS
from training.peers.times import FOLLOWED

MESH, FACE_MESH = "MediaPipe mesh network", "MediaPipe FaceMesh"
"""What others are held against: the network alone, and the program whole."""
NONE = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown; numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash where there is none."""
    return NONE if value is None else f"{value:.{digits}f}"


def per_cent(value: float | None, digits: int = 2) -> str:
    """A fraction as per cent, or a dash."""
    return NONE if value is None else f"{100 * value:.{digits}f}"


def _ratio(times: Mapping[str, Mapping[str, float]], name: str, stage: str, other: str) -> float | None:
    ours, theirs = times[name].get(stage), times.get(other, {}).get(stage)
    return None if ours is None or theirs is None else ours / theirs


def times_table(measured: Measured) -> str:
    """Milliseconds of each stage, and how they compare with MediaPipe's."""
    rows = measured["rows"]
    head = ["median ms", *STAGE_COLUMNS, "the three, of the mesh network's", "followed, of FaceMesh's"]
    return table(
        head,
        (
            [
                name,
                *(number(stages.get(stage)) for stage in STAGE_COLUMNS),
                number(_ratio(rows, name, LOOK, MESH)),
                number(_ratio(rows, name, FOLLOWED, FACE_MESH)),
            ]
            for name, stages in rows.items()
        ),
    )


def start_table(measured: Measured) -> str:
    """Seconds and megabytes."""
    return table(
        ["", "s to the first landmarks", "MB of memory at most"],
        (
            [name, number(start["seconds"]), number(start["memory_mb"], 0)]
            for name, start in measured["rows"].items()
        ),
    )


def accuracy_table(rows: Mapping[str, Any]) -> str:
    """NME in per cent."""
    head = ["NME %", "as it is", "without offsets", "inner points", "jaw", "5 points", "over 8 %", "missed"]
    keys = "nme", "without_offsets", "inner", "jaw", "five", "failures", "missed"
    return table(head, ([name, *(per_cent(row[key]) for key in keys)] for name, row in rows.items()))


def yaw_table(rows: Mapping[str, Any]) -> str:
    """Inner points and jaw by yaw, in per cent of the root of the box's area."""
    turned = {name: row["by_yaw"] for name, row in rows.items() if row["by_yaw"] is not None}
    bands = [f"{low}-{high}" for low, high in pairwise(YAW_EDGES)]
    bands = [band for band in bands if any(band in row for row in turned.values())]
    counts = {band: max(row[band]["count"] for row in turned.values() if band in row) for band in bands}
    head = ["inner / jaw, %", *(f"{band}°, {counts[band]} faces" for band in bands)]
    return table(head, ([name, *(_band(row.get(band)) for band in bands)] for name, row in turned.items()))


def _band(band: Mapping[str, Any] | None) -> str:
    return NONE if band is None else f"{per_cent(band['inner'])} / {per_cent(band['jaw'])}"


def steadiness_table(measured: Measured) -> str:
    """Median and 90th percentile, in per cent of the eye distance."""
    columns = measured["rows"]
    names = dict.fromkeys(name for rows in columns.values() for name, each in rows.items() if each)
    return table(
        ["jitter %, median (90th percentile)", *columns],
        ([name, *(_steady(rows.get(name)) for rows in columns.values())] for name in names),
    )


def _steady(each: Mapping[str, float | None] | None) -> str:
    if each is None:
        return NONE
    p90 = "missed" if each["p90"] is None else per_cent(each["p90"])
    return f"{per_cent(each['median'])} ({p90})"


def robustness_tables(measured: Measured) -> str:
    """One table a hardship, NME in per cent."""
    curves = measured["rows"]["curves"]
    return "\n\n".join(
        table(
            [f"**{hardship.name}**, {hardship.unit}", CLEAR, *(f"{level:g}" for level in hardship.levels)],
            ([name, *(per_cent(value) for value in curve)] for name, curve in curves[hardship.name].items()),
        )
        for hardship in HARDSHIPS
        if hardship.name in curves
    )
