"""Where the reduced rows differ from the papers: one table, read from the run files of both.

Every `published_X.toml` has a reduced twin in its folder. A setting that differs and has no reason in
`published.toml` is an error: nothing may drift from a paper unsaid.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from training.engine.checkpoint import settings_as_values
from training.engine.run_file import read_run
from training.report.search_log import flattened
from training.report.show import toml_text

REASONS = Path(__file__).with_name("published.toml")
CONFIGS = Path(__file__).parents[1] / "configs"
TWINS = {
    "student": "student",
    "teacher": "teacher",
    "tough": "teacher_tough",
    "tolerant": "teacher_tolerant",
}
"""Reduced run file of each `published_X`, by X."""
UNCOMPARED = ("name", "seed", "start", "teachers", "engine")
"""Settings that say nothing of the method: names of runs, and the machine's."""


@dataclass(frozen=True)
class Departure:
    """A row of the table."""

    system: str
    what: str
    paper: str
    here: str
    why: str


def _values(path: Path) -> dict[str, Any]:
    """A run file's settings as `table.key`."""
    values = flattened(settings_as_values(read_run(path)))
    return {key: value for key, value in values if not key.startswith(UNCOMPARED)}


def _told(value: Any) -> str:
    return "none" if value in (None, "", (), []) else toml_text(value).replace('"', "")


def differing(system: str) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Key, paper's value, value here and the networks concerned, for every setting that differs."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for path in sorted((CONFIGS / system).glob("published_*.toml")):
        role = path.stem.removeprefix("published_")
        published, reduced = _values(path), _values(path.with_name(f"{TWINS[role]}.toml"))
        for key in sorted({*published, *reduced}):
            paper, here = _told(published.get(key)), _told(reduced.get(key))
            if paper != here:
                found.setdefault((key, paper, here), []).append(role)
    for (key, paper, here), roles in found.items():
        yield key, paper, here, tuple(roles)


def reason_for(key: str, reasons: dict[str, str]) -> str:
    """The reason of the longest beginning of a key.

    Raises:
        BadInputError: there is none.
    """
    parts = key.split(".")
    for end in range(len(parts), 0, -1):
        if (why := reasons.get(".".join(parts[:end]))) is not None:
            return why
    raise BadInputError(f"{REASONS} has no reason for {key}, in which a row differs from its paper: add one")


def departures(system: str) -> list[Departure]:
    """Where a system's reduced rows differ from its paper.

    Raises:
        BadInputError: the reasons are damaged, or one is missing.
    """
    try:
        listed = tomllib.loads(REASONS.read_text(encoding="utf-8"))
        reasons, others = listed["why"], [Departure(**row) for row in listed["difference"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{REASONS}: {error}; take it from git again") from error
    rows = [
        Departure(system, f"{', '.join(roles)}: `{key}`", paper, here, reason_for(key, reasons))
        for key, paper, here, roles in differing(system)
    ]
    return [*rows, *(row for row in others if row.system == system)]


def departures_table(systems: tuple[str, ...]) -> str:
    """The table of every system that has published run files, Markdown.

    Raises:
        BadInputError: the reasons are damaged, or one is missing.
    """
    rows = [row for system in systems for row in departures(system)]
    head = ["| system | what | paper | here | why |", "| --- | --- | --- | --- | --- |"]
    body = [f"| {row.system} | {row.what} | {row.paper} | {row.here} | {row.why} |" for row in rows]
    return "\n".join([*head, *body])
