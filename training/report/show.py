"""A run file's settings as they come out, each with its origin: `python -m training show FILE`."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from training.engine.run_file import read_layers, read_merged

COLUMN = 48
"""Where comments begin."""


Layers = list[tuple[Path, dict[str, Any]]]
"""Run files, the lowest first, each with its own values."""


def toml_text(value: Any) -> str:
    """A plain value as TOML writes it."""
    if isinstance(value, dict) and value:
        return f"{{ {', '.join(f'{name} = {toml_text(item)}' for name, item in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    return json.dumps(value, ensure_ascii=False)


def show_run(path: Path, read: Callable[[dict[str, Any], str], Any]) -> Iterator[str]:
    """Lines of TOML: every key of the run, from which file it is or that it is the default, and the default.

    Args:
        path: the run file.
        read: settings from nested values; the second argument names the file.

    Raises:
        BadInputError: no such file, not TOML, an unknown or missing key.
    """
    values, layers = read_merged(path), read_layers(path)
    settings = read(values, str(path))
    plain = [item for item in dataclasses.fields(settings) if not _is_table(settings, item)]
    for item in plain:
        yield _line(settings, item, layers, ())
    for item in dataclasses.fields(settings):
        if item not in plain:
            table = getattr(settings, item.name)
            yield f"\n[{item.name}]"
            for key in dataclasses.fields(table):
                yield _line(table, key, layers, (item.name,))


def _is_table(settings: Any, item: "dataclasses.Field[Any]") -> bool:
    return dataclasses.is_dataclass(getattr(settings, item.name))


def _line(
    table: Any,
    item: "dataclasses.Field[Any]",
    layers: list[tuple[Path, dict[str, Any]]],
    where: tuple[str, ...],
) -> str:
    value = getattr(table, item.name)
    comment = f"# {_origin(layers, (*where, item.name))}"
    default = item.default_factory() if callable(item.default_factory) else item.default
    if default is not dataclasses.MISSING and default != value:
        comment += f", default {toml_text(default)}"
    return f"{f'{item.name} = {toml_text(value)}':<{COLUMN}} {comment}"


def _origin(layers: Layers, keys: tuple[str, ...]) -> str:
    """Name of the topmost file that sets a key, or `default`."""
    for path, values in reversed(layers):
        found: Any = values
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            return path.name
    return "default"
