"""Run files: TOML, each over the file that its `base` names, checked and filled into settings."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import msgspec

from device.config.tables import merged
from device.contract.errors import BadInputError
from device.contract.suggestion import meant
from training.engine.settings import RunSettings
from training.tasks.registry import task_kind

Table = TypeVar("Table")


def fill(table: type[Table], values: dict[str, Any], where: str) -> Table:
    """A dataclass, and the dataclasses in it, from nested values.

    Raises:
        BadInputError: an unknown or missing key or a value of another type, named with its table.
    """
    _check_keys(table, values, where)
    try:
        return msgspec.convert(values, table)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{where}: {error}") from error


def _check_keys(table: Any, values: dict[str, Any], where: str) -> None:
    hints = get_type_hints(table)
    for name, value in values.items():
        if name not in hints:
            raise BadInputError(f"{where}: unknown key {name!r}{meant(name, sorted(hints))}")
        if dataclasses.is_dataclass(hints[name]) and isinstance(value, dict):
            _check_keys(hints[name], value, f"{where} [{name}]")


def teachers_by_role(teachers: Any, where: str) -> dict[str, tuple[str, ...]]:
    """Teachers by role; a list is the role `teacher`, one name a list of one.

    Raises:
        BadInputError: neither a list nor a table.
    """
    if isinstance(teachers, list | tuple):
        return {"teacher": tuple(teachers)} if teachers else {}
    if not isinstance(teachers, dict):
        raise BadInputError(f"{where}: teachers is {teachers!r}, wanted a list of names or a table by role")
    return {role: (names,) if isinstance(names, str) else tuple(names) for role, names in teachers.items()}


def run_from_values(values: dict[str, Any], where: str) -> RunSettings:
    """Run settings from the nested values of a TOML file or a checkpoint.

    Raises:
        BadInputError: an unknown or missing key or a value of another type, named with its table.
    """
    teachers = teachers_by_role(values.get("teachers", {}), where)
    task = str(values.get("task", "distillation" if teachers else "supervised"))
    loss = fill(task_kind(task).loss, dict(values.get("loss", {})), f"{where} [loss]")
    return fill(RunSettings, {**values, "teachers": teachers, "task": task, "loss": loss}, where)


def read_values(path: Path) -> dict[str, Any]:
    """The nested values of a run file alone, unchecked.

    Raises:
        BadInputError: no such file, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInputError(f"no run file {path}: see training/configs/") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"run file {path}: {error}") from error


def read_layers(path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """A run file and those it builds on, the lowest first, each with its own values.

    Raises:
        BadInputError: a file is missing or not TOML, or one builds on itself.
    """
    layers: list[tuple[Path, dict[str, Any]]] = []
    while True:
        if path in (seen for seen, _ in layers):
            raise BadInputError(f"run file {path} builds on itself: change its `base`")
        values = read_values(path)
        layers.insert(0, (path, values))
        base = values.pop("base", None)
        if base is None:
            return layers
        path = path.parent / base


def read_merged(path: Path) -> dict[str, Any]:
    """A run file's values over those of the files that it builds on.

    `teachers` replaces the whole table: a row without a teacher says `teachers = {}`.

    Raises:
        BadInputError: a file is missing or not TOML.
    """
    both: dict[str, Any] = {}
    for _, values in read_layers(path):
        if "teachers" in values:
            both.pop("teachers", None)
        both = merged(both, values)
    return both


def read_run(path: Path) -> RunSettings:
    """Read and check a landmark network's run file.

    Raises:
        BadInputError: no such file, not TOML, an unknown or missing key.
    """
    return run_from_values(read_merged(path), str(path))
