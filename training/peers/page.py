"""Writes docs/benchmarks.md, with its plots, from the figures that are kept beside it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from device.checks.jitter.sitter import EYE_DISTANCE_PX, NOISE_SIGMA
from device.contract.files import write_whole_bytes
from training.peers.figures import ANY, Figures, Measured
from training.peers.hardship import SIDE
from training.peers.options import ACCURACY, ROBUSTNESS, START, STEADINESS, TIMES
from training.peers.plots import draw_cost, draw_errors, draw_robustness
from training.peers.tables import (
    accuracy_table,
    robustness_tables,
    start_table,
    steadiness_table,
    times_table,
    yaw_table,
)

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
TEMPLATE = Path(__file__).with_name("page.template.md")
BY_YAW = (
    "By yaw, from the shaken boxes, in per cent of the root of the area of the landmarks' box, which does "
    "not shrink in profile as the distance of the eyes does; inner points and jaw apart:"
)
NOT_YET = "Not measured yet."


def figures_path(page: Path) -> Path:
    """Where a page's figures are kept."""
    return page.with_suffix("") / "figures.json"


def measured_line(about: Mapping[str, Any]) -> str:
    """When, where and with what a table was measured."""
    counts = [f"{key}: {about[key]}" for key in ("faces", "frames", "calls", "starts") if key in about]
    source = [f"from {about['faces_from']}"] if about.get("faces_from") else []
    libraries = ", ".join(f"{name} {version}" for name, version in about["libraries"].items())
    peers = ", ".join(f"{name} ({version})" for name, version in about["peers"].items())
    told = [about["date"], *counts, *source, about["processor"], about["machine"], libraries, peers]
    return f"*Measured: {'; '.join(told)}.*"


def _missing_line(figures: Figures) -> str:
    """Once for all tables: who is not in every one, and how to give it; empty where all are."""
    tables = (
        table
        for name in (TIMES, START, ACCURACY, STEADINESS, ROBUSTNESS)
        for table in figures.tables(name).values()
    )
    missing = dict.fromkeys(how for table in tables for how in table["about"]["missing"])
    return f"\n\nNot in every table, as it was not given: {'; '.join(missing)}." if missing else ""


def _by_class(tables: Mapping[str, Measured], draw: Callable[[Measured], str]) -> str:
    """One table for each class of processor."""
    return "\n\n".join(
        f"Processors with {kind}:\n\n{draw(measured)}\n\n{measured_line(measured['about'])}"
        for kind, measured in sorted(tables.items())
    )


def _accuracy(measured: Measured, pictures: str) -> str:
    rows = measured["rows"]
    return "\n\n".join(
        [
            f"From a box of the labels, shaken by a tenth, and a second pass; {rows['points']} points:",
            accuracy_table(rows["from_box"]),
            f"![Share of faces over error]({pictures}/errors.svg)",
            "By its own finder, in the whole picture:",
            accuracy_table(rows["by_finder"]),
            BY_YAW,
            yaw_table(rows["from_box"]),
            measured_line(measured["about"]),
        ]
    )


def _steadiness(measured: Measured) -> str:
    return f"{steadiness_table(measured)}\n\n{measured_line(measured['about'])}"


def _robustness(measured: Measured, pictures: str) -> str:
    picture = f"![Error over hardship]({pictures}/robustness.svg)"
    return "\n\n".join([picture, robustness_tables(measured), measured_line(measured["about"])])


def _draw_plots(figures: Figures, folder: Path) -> bool:
    """Draw what there are figures for; whether cost was drawn."""
    accuracy, robustness = figures.tables(ACCURACY).get(ANY), figures.tables(ROBUSTNESS).get(ANY)
    times = next(iter(figures.tables(TIMES).values()), None)
    if accuracy is not None:
        draw_errors(accuracy, folder / "errors.svg")
    if robustness is not None:
        draw_robustness(robustness, folder / "robustness.svg")
    return accuracy is not None and times is not None and draw_cost(accuracy, times, folder / "cost.svg")


def write_page(page: Path) -> None:
    """Write the page from its figures.

    Raises:
        BadInputError: the figures are damaged.
        WriteFailedError: page or plots cannot be written.
    """
    figures, pictures = Figures(figures_path(page)), page.with_suffix("").name
    has_cost = _draw_plots(figures, page.with_suffix(""))
    cost = f"\n\n![Error over time]({pictures}/cost.svg)" if has_cost else ""
    single: dict[str, Callable[[Measured], str]] = {
        ACCURACY: lambda measured: _accuracy(measured, pictures),
        STEADINESS: _steadiness,
        ROBUSTNESS: lambda measured: _robustness(measured, pictures),
    }
    parts = {
        name: _by_class(figures.tables(name), draw)
        for name, draw in ((TIMES, times_table), (START, start_table))
    }
    for name, draw in single.items():
        measured = figures.tables(name).get(ANY)
        parts[name] = draw(measured) if measured is not None else ""
    parts[TIMES] += cost
    filled = {name: text or NOT_YET for name, text in parts.items()}
    text = TEMPLATE.read_text(encoding="utf-8").format(
        **filled, missing=_missing_line(figures), eye_distance=EYE_DISTANCE_PX, noise=NOISE_SIGMA, side=SIDE
    )
    write_whole_bytes(page, text.encode())
