"""What a settings field takes: its annotation as a check, a sentence and a value.

A field's annotation is one of `bool`, `int`, `float`, `str`, `Literal[...]`, `tuple[str, ...]` or one of
these `| None` (left out). `Annotated[..., Within(least, most)]` gives a number its range,
`Annotated[str, Secret()]` keeps a text out of files and out of sight.
"""

import math
import sys
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin


@dataclass(frozen=True)
class Within:
    """The range of a number, both ends included."""

    least: float
    """The smallest that is taken."""
    most: float
    """The largest; `inf` for no bound."""

    def __str__(self) -> str:
        """As a sentence's tail."""
        return f"{self.least:g} or more" if math.isinf(self.most) else f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Secret:
    """A text that comes from the environment only, and is never shown."""


@dataclass(frozen=True)
class Wanted:
    """A field's annotation taken apart."""

    kind: Any
    """bool, int, float, str, a Literal or a tuple of texts."""
    optional: bool = False
    """Whether leaving the key out means None."""
    within: Within | None = None
    """Of a number."""
    secret: bool = False
    """Whether only the environment may give it."""

    def __str__(self) -> str:
        """What is wanted, to follow the word "wanted"."""
        if get_origin(self.kind) is Literal:
            return f"one of {', '.join(map(str, get_args(self.kind)))}"
        if get_origin(self.kind) is tuple:
            return 'a list of texts, as in ["stdout:"]'
        name = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[self.kind]
        return name if self.within is None else f"{name}, {self.within}"

    def takes(self, value: object) -> bool:
        """Whether a value of a TOML file (or a flag) fits."""
        if get_origin(self.kind) is Literal:
            return value in get_args(self.kind)
        if get_origin(self.kind) is tuple:
            return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        # Python counts True as the number 1; TOML does not.
        if isinstance(value, bool) or self.kind is bool:
            return isinstance(value, bool) and self.kind is bool
        if self.kind is str:
            return isinstance(value, str)
        if not isinstance(value, int if self.kind is int else int | float):
            return False
        bounds = self.within or Within(-math.inf, math.inf)
        # A whole number of hundreds of digits has no float; NaN fails every comparison.
        return abs(value) <= sys.float_info.max and bounds.least <= value <= bounds.most

    def convert(self, value: Any) -> Any:
        """A value that `takes` approved, as the dataclass holds it."""
        if get_origin(self.kind) is tuple:
            return tuple(value)
        return float(value) if self.kind is float else value


def wanted_by(hint: Any) -> Wanted:
    """What a field with this annotation takes."""
    optional = get_origin(hint) in (Union, UnionType)
    if optional:
        (hint,) = [kind for kind in get_args(hint) if kind is not NoneType]
    if get_origin(hint) is not Annotated:
        return Wanted(hint, optional)
    hint, *marks = get_args(hint)
    within = next((mark for mark in marks if isinstance(mark, Within)), None)
    return Wanted(hint, optional, within, any(isinstance(mark, Secret) for mark in marks))
