"""The search log: what was tried for the students that ship, measured from the runs' own logs.

`search_log.toml` holds the questions and what was decided; every figure, and every setting that differs, is
read from the runs.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from training.engine.checkpoint import settings_as_values
from training.engine.run_file import run_from_values
from training.report.records import Record, Records, difference_of

TRIALS = Path(__file__).with_name("search_log.toml")
PAGE = Path(__file__).parents[1] / "SEARCH.md"

INTRODUCTION = """# What was tried

NME by outer eye corners on the 200 faces of `300w/validation.txt` with shaken boxes, of the averaged float
network at the end of each run. `python -m training search-log --runs runs` writes this page from the runs'
logs, or from what `records.jsonl` keeps of runs that are no longer at hand; what is asked and decided stands
in `search_log.toml`. (A record marked `printed` was itself read back from this page: its gain may be off by
0.01.) Brackets hold the 95 % interval of a gain, by a paired bootstrap over the faces (`report/paired.py`),
where both runs kept their error on each face; with zero in it there is no difference. A run is trained by
`python -m training train FILE --data DATA`, its file having the settings named here; those that are kept lie
in `configs/landmark_student/`.
"""


def flattened(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as `table.key` and value."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{before}{key}.")
        else:
            yield before + key, value


def differences(settings: dict[str, Any], others: dict[str, Any]) -> list[str]:
    """Settings of a run that are not the other's, as `key = value`; names and seeds apart."""
    other = dict(flattened(others))
    return [
        f"{key} = {json.dumps(value)}"
        for key, value in flattened(settings)
        if key not in ("name", "seed") and value != other.get(key)
    ]


def gain_text(ours: Record, theirs: Record) -> str:
    """Points gained over the other run, with their interval where both kept their errors face by face."""
    difference = difference_of([ours], [theirs])
    if difference is None:
        return f"{100 * (theirs.known_nme - ours.known_nme):+z.2f} points"
    return f"{difference.text(-1)} points" + ("" if difference.clear else ", no difference")


def trial_section(trial: dict[str, str], records: Records) -> str:
    """One trial as Markdown.

    Raises:
        BadInputError: a run of it is not there.
    """
    names = trial["run"], trial["against"]
    found = [records.get(name) for name in names]
    # Read as a run file is: what an older run lacks has its default.
    settings = [settings_as_values(run_from_values(record.settings, record.name)) for record in found]
    nme = [record.known_nme for record in found]
    changed = ", ".join(f"`{line}`" for line in differences(*settings)) or "nothing"
    images = [f"{values['optimiser']['images']:,}" for values in settings]
    return "\n".join(
        [
            f"## {trial['question']}",
            "",
            "| run | images | NME % |",
            "| --- | --- | --- |",
            *(
                f"| `{name}` | {count} | {100 * value:.2f} |"
                for name, count, value in zip(names, images, nme, strict=True)
            ),
            "",
            f"Gain {gain_text(*found)}: **{trial['verdict']}**.",
            f"Other than in `{names[1]}`: {changed}.",
            "",
        ]
    )


def fit_section(trial: dict[str, Any], records: Records) -> str:
    """What a fit at the handover gained, run by run, as Markdown.

    Raises:
        BadInputError: a run was not handed over.
    """
    rows = []
    for name in trial["handovers"]:
        fits = records.get(name).fits
        if trial["fit"] not in fits:
            raise BadInputError(
                f"{name} has no fit {trial['fit']!r}: `make convert RUN={records.runs / name}` makes it"
            )
        without, fitted = (100 * nme for nme in fits[trial["fit"]])
        rows.append(f"| `{name}` | {without:.2f} | {fitted:.2f} | {without - fitted:+.2f} |")
    table = "\n".join(
        ["| handover of | NME % without | NME % with | gain |", "| --- | --- | --- | --- |", *rows]
    )
    return f"## {trial['question']}\n\n{table}\n\n**{trial['verdict'].capitalize()}**.\n"


def section_of(trial: dict[str, Any], records: Records) -> str:
    """One trial as Markdown: a training against another, or a fit without any.

    Raises:
        BadInputError: a run of it is not there.
    """
    return fit_section(trial, records) if "fit" in trial else trial_section(trial, records)


def write_search_log(records: Records, trials: Path = TRIALS, page: Path = PAGE) -> Path:
    """Measure every trial, write records and page.

    Raises:
        BadInputError: a run is not there, or the list of trials is damaged.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    try:
        listed = tomllib.loads(trials.read_text(encoding="utf-8"))["trial"]
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(f"{trials}: {error}; write [[trial]] tables") from error
    text = "\n".join([INTRODUCTION, *(section_of(trial, records) for trial in listed)])
    records.save()
    write_whole_bytes(page, text.encode())
    return page
