"""Settings from four layers: defaults, overridden by the file, by the environment, and by flags."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from device.config.file import SettingsFile, read_settings_file
from device.config.tables import (
    KeyPath,
    Problem,
    fill_table,
    find_misunderstood,
    find_problems,
    find_secrets,
    keys_of,
    merged,
    nested,
    secrets_of,
)
from device.contract.errors import BadInputError, LandmarksError, UsageError
from device.contract.suggestion import unknown_word

Table = TypeVar("Table")


def sentences_of(file: SettingsFile, table: type) -> list[str]:
    """Every mistake in a settings file as `FILE:LINE: sentence`; empty when it can be used."""
    problems = sorted(
        ((file.line_of(problem.path) or 1, problem) for problem in _problems_in(file, table)),
        key=lambda found: found[0],
    )
    if problems:
        return [f"{file.path}:{line}: {problem.sentence}" for line, problem in problems]
    try:
        fill_table(table, file.values)
    except LandmarksError as error:
        return [f"{file.path}: {error}"]
    return []


def _problems_in(file: SettingsFile, table: type) -> list[Problem]:
    problems = list(find_problems(table, file.values))
    # A sentence about an address may repeat it: not where it holds a password.
    problems = problems or list(find_secrets(table, file.values))
    return problems or list(find_misunderstood(table, file.values))


def load_settings(table: type[Table], config: Path | None, flags: Mapping[str, Any]) -> Table:
    """The settings of one run.

    Args:
        table: the outermost dataclass.
        config: the settings file, if any.
        flags: nested values of the command line.

    Raises:
        BadInputError: the file cannot be read or has a mistake; the message names the first, with its line.
        UsageError: a flag is wrong.
    """
    values: dict[str, Any] = {}
    if config is not None:
        file = read_settings_file(config)
        sentences = sentences_of(file, table)
        if sentences:
            raise BadInputError(_first_of(sentences, config))
        values = file.values
    for problem in find_problems(table, flags):
        raise UsageError(f"setting {problem.sentence}")
    return fill_table(table, merged(merged(values, secrets_of(table)), flags))


def _first_of(sentences: list[str], config: Path) -> str:
    rest = len(sentences) - 1
    more = f" (and {rest} more: landmarks config check {config})" if rest else ""
    return sentences[0] + more


def parse_assignment(text: str, table: type) -> dict[str, Any]:
    """`TABLE.KEY=VALUE` of the command line as nested values; texts need no quotes.

    Raises:
        UsageError: no such key, or no `=`.
    """
    name, mark, value = text.partition("=")
    known: dict[str, KeyPath] = {".".join(path): path for path, _ in keys_of(table)}
    name = name.strip()
    if not mark:
        raise UsageError(f"--set got {text!r}, wanted KEY=VALUE or TABLE.KEY=VALUE")
    if name not in known:
        raise unknown_word("setting", name, known)
    return nested(known[name], _toml_value(value.strip()))


def _toml_value(text: str) -> Any:
    """The value of a TOML expression; anything that is not TOML is a text."""
    try:
        values = tomllib.loads(f"value = {text}")
    except ValueError:
        return text
    return values["value"] if list(values) == ["value"] else text
