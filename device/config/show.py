"""Print settings as a file that can be read back: each key with its meaning, its range and its value."""

import dataclasses
import textwrap
from collections.abc import Iterator
from typing import Any, Literal, get_origin

from device.config.docs import field_docs
from device.config.tables import KeyPath, environment_name, hints_of
from device.config.values import wanted_by

WIDTH = 100
"""Columns of the comments."""


def toml_text(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    return repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def show_settings(settings: Any, where: KeyPath = ()) -> Iterator[str]:
    """Lines of a settings file with the values of a dataclass: its keys first, then its tables."""
    hints, docs = hints_of(type(settings)), field_docs(type(settings))
    tables = [name for name, hint in hints.items() if dataclasses.is_dataclass(hint)]
    for name in hints:
        if name not in tables:
            yield from _shown_key(settings, name, docs.get(name, ""), where)
    for name in tables:
        yield ""
        yield from _comment(docs.get(name, ""))
        yield f"[{'.'.join((*where, name))}]"
        yield from show_settings(getattr(settings, name), (*where, name))


def _shown_key(settings: Any, name: str, doc: str, where: KeyPath) -> Iterator[str]:
    wanted, value = wanted_by(hints_of(type(settings))[name]), getattr(settings, name)
    if wanted.secret:
        state = "set" if value else "not set"
        yield from _comment(f"{name}: {doc} From {environment_name((*where, name))}, which is {state}.")
        return
    # "A text" or "a number" says no more than the value itself.
    choice = wanted.within is not None or get_origin(wanted.kind) is Literal
    yield from _comment(f"{doc} ({wanted}.)" if choice else doc)
    # TOML has no null.
    yield f"# {name} =" if value is None else f"{name} = {toml_text(value)}"


def _comment(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")
