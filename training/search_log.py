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
from training.checkpoint import load_values, run_of_values, settings_as_values
from training.run_log import last_row

TRIALS = Path(__file__).with_name("search_log.toml")
PAGE = Path(__file__).with_name("SEARCH.md")

INTRODUCTION = """# What was tried

NME by outer eye corners on the 200 faces of `300w/validation.txt` with shaken boxes, of the averaged float
network at the end of each run. `python -m training search-log --runs runs` writes this page from the runs'
logs; what is asked and decided stands in `search_log.toml`. A run is trained by `python -m training train
FILE --data DATA`, its file having the settings named here; those that are kept lie in
`configs/landmark_student/`.
"""


def final_nme(run: Path) -> float:
    """NME of a run's last validation, a fraction.

    Raises:
        BadInputError: the run has no log, or was never validated.
    """
    return float(last_row(run, "nme_300w")["nme_300w"])


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


def trial_section(trial: dict[str, str], runs: Path) -> str:
    """One trial as Markdown.

    Raises:
        BadInputError: a run of it is not there.
    """
    names = trial["run"], trial["against"]
    # Read as a run file is: what an older checkpoint lacks has its default.
    stored = [load_values(runs / name / "network.pt")["settings"] for name in names]
    settings = [settings_as_values(run_of_values(values, values["name"])) for values in stored]
    nme = [final_nme(runs / name) for name in names]
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
            f"Gain {100 * (nme[1] - nme[0]):+.2f} points: **{trial['verdict']}**.",
            f"Other than in `{names[1]}`: {changed}.",
            "",
        ]
    )


def fit_section(trial: dict[str, Any], runs: Path) -> str:
    """What a fit at the handover gained, run by run, as Markdown.

    Raises:
        BadInputError: a run was not handed over.
    """
    rows = []
    for name in trial["handovers"]:
        path = runs / name / "handover" / "handover.json"
        try:
            figures = json.loads(path.read_text(encoding="utf-8"))["provenance"]
            without, fitted = (100 * figures[f"nme_{key}_{trial['fit']}"] for key in ("without", "with"))
        except (OSError, ValueError, KeyError) as error:
            raise BadInputError(f"{path}: {error!r}; `make convert RUN={runs / name}` writes it") from error
        rows.append(f"| `{name}` | {without:.2f} | {fitted:.2f} | {without - fitted:+.2f} |")
    table = "\n".join(
        ["| handover of | NME % without | NME % with | gain |", "| --- | --- | --- | --- |", *rows]
    )
    return f"## {trial['question']}\n\n{table}\n\n**{trial['verdict'].capitalize()}**.\n"


def section_of(trial: dict[str, Any], runs: Path) -> str:
    """One trial as Markdown: a training against another, or a fit without any.

    Raises:
        BadInputError: a run of it is not there.
    """
    return fit_section(trial, runs) if "fit" in trial else trial_section(trial, runs)


def write_search_log(runs: Path, trials: Path = TRIALS, page: Path = PAGE) -> Path:
    """Measure every trial and write the page.

    Raises:
        BadInputError: a run is not there, or the list of trials is damaged.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    try:
        listed = tomllib.loads(trials.read_text(encoding="utf-8"))["trial"]
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(f"{trials}: {error}; write [[trial]] tables") from error
    text = "\n".join([INTRODUCTION, *(section_of(trial, runs) for trial in listed)])
    write_whole_bytes(page, text.encode())
    return page
