"""Which runs a run came from: what it started from and who taught it, in the order to train them again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from device.contract.finder_manifest import FinderManifest, read_finder_model
from device.contract.manifest import ModelManifest, read_model_manifest
from device.contract.provenance import is_open
from training.engine.checkpoint import load_values
from training.engine.run_file import read_values

CONFIGS = Path(__file__).parents[1] / "configs"
"""Folder with every run file."""


def teacher_names(settings: dict[str, Any]) -> list[str]:
    """Runs that taught one whose stored settings these are."""
    return [name for names in settings.get("teachers", {}).values() for name in names]


def runs_before(settings: dict[str, Any]) -> list[str]:
    """What a run with these stored settings started from and who taught it, each once."""
    return list(dict.fromkeys(name for name in (settings.get("start"), *teacher_names(settings)) if name))


def lineage(run: Path) -> list[dict[str, Any]]:
    """Settings of a finished run and of those it came from, oldest first, each once.

    A run recovered from a model that shipped is a beginning, and has `recovered`; one that lies between
    two others has `blended`, `share` and perhaps `stricter` (`training/export/blend.py`).

    Args:
        run: the run's folder; the others lie beside it.

    Raises:
        BadInputError: a run among them is not finished.
    """
    found: dict[str, dict[str, Any]] = {}

    def visit(name: str) -> None:
        settings = load_values(run.parent / name / "network.pt")["settings"]
        made = _how_made(run.parent / name)
        before = [] if made.get("recovered") else runs_before(settings)
        for other in (*before, *made.get("blended", ())):
            if other not in found:
                visit(other)
        found[name] = {**settings, **made}

    visit(run.name)
    return list(found.values())


def _how_made(folder: Path) -> dict[str, Any]:
    """What the last row of a run's log says of a network that was not trained."""
    log = folder / "log.jsonl"
    rows = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    last = json.loads(rows[-1]) if rows else {}
    return {key: last[key] for key in ("recovered", "blended", "share", "stricter") if key in last}


def run_files() -> dict[str, str]:
    """Path of each run file inside the repository, by the run's name."""
    return {
        str(read_values(path).get("name", "")): f"training/configs/{path.relative_to(CONFIGS).as_posix()}"
        for path in sorted(CONFIGS.glob("*/*.toml"))
    }


def provenance_of(model: Path) -> dict[str, Any]:
    """What a shipped model's manifest says of where it came from.

    Raises:
        BadInputError: model or manifest missing or not a pair.
    """
    read: Callable[[Path], FinderManifest | ModelManifest] = (
        read_finder_model if model.name == "finder.tflite" else read_model_manifest
    )
    return read(model).provenance


def run_file_of(model: Path) -> Path:
    """The run file that a shipped model was trained with, by the name that its manifest gives.

    Raises:
        BadInputError: model or manifest missing or not a pair, or the run file is not kept.
    """
    name = str(provenance_of(model).get("run", ""))
    file = run_files().get(name)
    if file is None:
        raise BadInputError(f"{model} was trained by run {name!r}, of which training/configs has no run file")
    return CONFIGS.parents[1] / file


def from_nothing(name: str) -> str:
    """How a shipped model is made from an empty folder, and where it says how long that takes."""
    if is_open(name):
        return (
            "From an empty folder, by one command for the data and one for all open models\n"
            "([how long they take](../../../training/README.md#the-open-models)):\n\n"
            "    make open-data AVATARS=valid_avatars FAIRFACE=fairface DATA=DATA\n"
            "    make open DATA=DATA"
        )
    return (
        "From nothing but data ([how long it takes](../../../training/README.md#the-students-that-ship)):\n\n"
        f"    make ladder DATA=DATA SIZE={name}"
    )


def commands_again(runs: list[dict[str, Any]], flags: str) -> str:
    """One indented command a run, which makes it again; a run without a run file is named."""
    files = run_files()
    return "\n".join(f"    {_command(run, files, flags)}" for run in runs)


def _command(run: dict[str, Any], files: dict[str, str], flags: str) -> str:
    name = run["name"]
    if run.get("recovered"):
        return f"make recover SIZE={name} DATA=DATA  # of the model that shipped before this one"
    file = files.get(name, f"{name}.toml (not kept)")
    if "blended" in run:
        options = f"--with {run['blended'][0]} --share {run['share']:g}"
        options += f" --stricter {run['stricter']:g}" if "stricter" in run else ""
        return f"python -m training blend {file} {options}"
    return f"python -m training train {file} {flags}"


def images_seen(runs: list[dict[str, Any]]) -> str:
    """Their images in words: one number, or a sum."""
    learnt = [run for run in runs if "blended" not in run]
    return " + ".join(_images(run) for run in learnt)


def _images(run: dict[str, Any]) -> str:
    count = f"{run['optimiser']['images']:,}"
    return f"those of the earlier {run['name']}" if run.get("recovered") else count
