"""Check nested values, as TOML gives them, against nested dataclasses, and fill the dataclasses.

A field whose annotation is a dataclass is a table; any other is a key. A subsystem gets its table by
one field in `device.settings.DaemonSettings`, and a key by one field in its own dataclass.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from device.config.values import Wanted, shown, wanted_by
from device.contract.errors import LandmarksError, UsageError
from device.contract.suggestion import meant
from device.support.redaction import holds_secret

Table = TypeVar("Table")

KeyPath = tuple[str, ...]
"""Table names from the outside in, then the key."""

ENVIRONMENT_PREFIX = "LANDMARKS"


@dataclass(frozen=True)
class Problem:
    """One mistake in the settings."""

    path: KeyPath
    """The key, or the table as a whole."""
    sentence: str
    """What the user wrote and what is wanted."""


def hints_of(table: Any) -> dict[str, Any]:
    """The annotation of each field of a dataclass, in order."""
    return get_type_hints(table, include_extras=True)


def keys_of(table: Any, where: KeyPath = ()) -> Iterator[tuple[KeyPath, Wanted]]:
    """Every key of a dataclass and of the tables in it."""
    for name, hint in hints_of(table).items():
        if dataclasses.is_dataclass(hint):
            yield from keys_of(hint, (*where, name))
        else:
            yield (*where, name), wanted_by(hint)


def environment_name(path: KeyPath) -> str:
    """The environment variable of a secret: LANDMARKS_TABLE_KEY."""
    return "_".join((ENVIRONMENT_PREFIX, *path)).upper()


def find_problems(table: Any, values: Mapping[str, Any], where: KeyPath = ()) -> Iterator[Problem]:
    """Every key that is unknown or whose value does not fit; a missing key takes its default."""
    hints = hints_of(table)
    for name, value in values.items():
        path = (*where, name)
        if name not in hints:
            yield Problem(path, _unknown(table, name, where))
        elif not dataclasses.is_dataclass(hints[name]):
            yield from _value_problems(path, wanted_by(hints[name]), value)
        elif isinstance(value, Mapping):
            yield from find_problems(hints[name], value, path)
        else:
            yield Problem(
                path, f"{name} got {shown(value)}, wanted a table: [{'.'.join(path)}] and keys below it"
            )


def find_secrets(table: Any, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Every address that holds a password, in values that `find_problems` has approved."""
    for path, wanted in keys_of(table):
        if wanted.no_secrets is not None and any(map(holds_secret, _texts_at(path, values))):
            yield Problem(
                path,
                f"{'.'.join(path)} holds a password or token, which others can read here: "
                f"leave it out and {wanted.no_secrets.instead}",
            )


def find_misunderstood(table: Any, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Every text that its reader does not understand, in values that `find_problems` has approved."""
    for path, wanted in keys_of(table):
        if wanted.understood is None:
            continue
        for text in _texts_at(path, values):
            try:
                wanted.understood.check(text)
            except UsageError as error:
                yield Problem(path, f"{'.'.join(path)}: {error}")


def _texts_at(path: KeyPath, values: Mapping[str, Any]) -> list[str]:
    """The texts of a key that holds one or several; none where it is left out."""
    value: Any = values
    for name in path:
        value = value.get(name, {})
    return [value] if isinstance(value, str) else list(value)


def _unknown(table: type, name: str, where: KeyPath) -> str:
    """The message for an unknown key."""
    place = f" in [{'.'.join(where)}]" if where else ""
    return f"unknown key {name!r}{place}{meant(name, hints_of(table))}"


def _value_problems(path: KeyPath, wanted: Wanted, value: object) -> Iterator[Problem]:
    name = ".".join(path)
    if wanted.secret:
        yield Problem(path, f"{name} is a secret: leave it out here and set {environment_name(path)}")
    elif not wanted.takes(value):
        got = shown(value) if wanted.no_secrets is None else type(value).__name__
        yield Problem(path, f"{name} got {got}, wanted {wanted}")


def fill_table(table: type[Table], values: Mapping[str, Any], where: KeyPath = ()) -> Table:
    """A dataclass filled with values that `find_problems` has approved.

    Raises:
        LandmarksError: a dataclass refuses the combination of its keys.
    """
    filled = {}
    for name, value in values.items():
        hint = hints_of(table)[name]
        if dataclasses.is_dataclass(hint):
            filled[name] = fill_table(hint, value, (*where, name))  # type: ignore[arg-type]
        else:
            filled[name] = wanted_by(hint).convert(value)
    try:
        return table(**filled)
    except LandmarksError as error:
        place = f"[{'.'.join(where)}]: " if where else ""
        raise type(error)(f"{place}{error}") from error


def secrets_of(table: type, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The secrets that the environment holds, as nested values."""
    values: dict[str, Any] = {}
    for path, wanted in keys_of(table):
        if wanted.secret and environment_name(path) in environment:
            values = merged(values, nested(path, environment[environment_name(path)]))
    return values


def nested(path: KeyPath, value: Any) -> dict[str, Any]:
    """One value inside its tables."""
    for name in reversed(path):
        value = {name: value}
    return dict(value)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values of both; where both have a value, that of `above`."""
    both = dict(below)
    for name, value in above.items():
        under = both.get(name)
        joins = isinstance(under, Mapping) and isinstance(value, Mapping)
        both[name] = merged(under, value) if joins else value  # type: ignore[arg-type]
    return both
