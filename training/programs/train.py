"""`train` and `show`: run files, trained and explained."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.engine.checkpoint import is_saved
from training.engine.pretraining import FIGURE as UNEXPLAINED
from training.engine.run import train_run
from training.engine.run_file import read_merged, run_from_values
from training.engine.run_parts import LoopOptions
from training.finder.run import train_finder
from training.finder.settings import FinderRun, finder_run_from_values, is_finder_run
from training.report.needs import with_needed
from training.report.show import show_run


def settings_from_values(values: dict[str, Any], where: str) -> Any:
    """The settings of a landmark network's run, or of a finder's.

    Raises:
        BadInputError: an unknown or missing key, or a value of another type.
    """
    return (finder_run_from_values if is_finder_run(values) else run_from_values)(values, where)


def read_settings(path: Path, arguments: argparse.Namespace) -> Any:
    """A run file, with the command line's seed, number of images and batch.

    Raises:
        BadInputError: no such file, not TOML, an unknown or missing key.
    """
    settings = settings_from_values(read_merged(path), str(path))
    changed = {key: getattr(arguments, key) for key in ("images", "batch") if getattr(arguments, key)}
    settings = dataclasses.replace(settings, optimiser=dataclasses.replace(settings.optimiser, **changed))
    if arguments.seed is None:
        return settings
    return dataclasses.replace(settings, seed=arguments.seed, name=f"{settings.name}-seed{arguments.seed}")


def train(arguments: argparse.Namespace) -> None:
    """Train run files one after another and say how good each is.

    Raises:
        LandmarksError: as the run says.
    """
    files = with_needed(arguments.run, arguments.runs) if arguments.needed else arguments.run
    # A mistake in the last file is found before the first is trained.
    every = [read_settings(path, arguments) for path in files]
    if arguments.needed:
        print(f"{len(every)} runs, {sum(run.optimiser.images for run in every):,} images: {_names(every)}")
    for settings in every:
        train_one(settings, arguments)


def _names(every: Sequence[Any]) -> str:
    return ", ".join(settings.name for settings in every)


def train_one(settings: Any, arguments: argparse.Namespace) -> None:
    """Train one run and say how good it is.

    Raises:
        LandmarksError: as the run says.
    """
    folder = arguments.runs / settings.name
    if arguments.unless_finished and is_saved(folder / "network.pt"):
        print(f"{folder}: was finished already")
        return
    options = LoopOptions(
        arguments.shard_mb,
        arguments.init,
        arguments.strict_counts,
        60 * arguments.minutes,
        arguments.allow_weak_teacher,
    )
    if isinstance(settings, FinderRun):
        what, figures = (
            "missed",
            train_finder(settings, arguments.data, arguments.yunet, arguments.runs, options),
        )
    else:
        what = UNEXPLAINED if settings.task == "pretrain" else "NME"
        figures = train_run(settings, arguments.data, arguments.runs, options)
    shown = ", ".join(f"{name} {what} {100 * value:.2f} %" for name, value in figures.items())
    if not (folder / "network.pt").is_file():
        shown = f"not at its end yet, the same command goes on ({shown or 'no figures yet'})"
    print(f"{folder}: {shown or 'was finished already'}")


def show(arguments: argparse.Namespace) -> None:
    """Print a run file's settings."""
    print("\n".join(show_run(arguments.run, settings_from_values)))
