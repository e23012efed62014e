"""What one setting or option accepts: its annotation as a check, a description and a conversion.

An annotation is `bool`, `int`, `float`, `str`, `Literal[...]`, `tuple[str, ...]`, or one of these
`| None` (may be left out). `Annotated` adds to it:

- `Within(minimum, maximum)` bounds a number;
- `Secret()` takes a text from the environment only;
- `NoSecrets(...)` refuses an address with a password in a file;
- `Understood(...)` has a text of a file, or each of several, read by whoever will use it;
- `Parsed(...)` says how an address writes a value of any other type.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

MAX_INTEGER = 2**63 - 1
"""As in TOML; a larger integer is out of range wherever no smaller bound is given."""

MAX_SHOWN = 80
"""Characters of a wrong value that an error message repeats."""

Mark = TypeVar("Mark")


@dataclass(frozen=True)
class Within:
    """The range of a number, both ends included."""

    minimum: float
    maximum: float
    """`inf` for no upper bound."""

    def __str__(self) -> str:
        return (
            f"{self.minimum:g} or more"
            if math.isinf(self.maximum)
            else f"{self.minimum:g} to {self.maximum:g}"
        )


@dataclass(frozen=True)
class Secret:
    """A text that comes from the environment only and is never shown."""


@dataclass(frozen=True)
class NoSecrets:
    """An address, or several: a settings file, which others may read, must not hold one with a password."""

    instead: str
    """Where the password belongs, to follow "leave it out and"."""


@dataclass(frozen=True)
class Understood:
    """A text, or several, with a notation of its own: an address, the name of a model."""

    check: Callable[[str], object]
    """Opens nothing; raises UsageError if the text cannot be understood."""


@dataclass(frozen=True)
class Parsed:
    """An option of an address with a notation of its own."""

    wanted: str
    """The notation, to follow the word "wanted"."""
    read: Callable[[str], Any]
    """The value of a text; raises ValueError if the text does not fit."""


@dataclass(frozen=True)
class Wanted:
    """An annotation taken apart."""

    kind: Any
    """bool, int, float, str, a Literal, a tuple of texts, or any type that `parsed` yields."""
    optional: bool = False
    """Whether leaving the key out means None."""
    within: Within | None = None
    """Of a number."""
    secret: bool = False
    """Whether only the environment may give it."""
    parsed: Parsed | None = None
    """Notation in an address."""
    no_secrets: NoSecrets | None = None
    """Of an address."""
    understood: Understood | None = None
    """Of a text with a notation of its own."""

    def __str__(self) -> str:
        """What is wanted, to follow the word "wanted"."""
        if self.parsed is not None:
            return self.parsed.wanted
        if get_origin(self.kind) is Literal:
            return f"one of {', '.join(map(str, get_args(self.kind)))}"
        if get_origin(self.kind) is tuple:
            return 'a list of texts, as in ["stdout:"]'
        name = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[self.kind]
        return name if self.within is None else f"{name}, {self.within}"

    @property
    def in_address(self) -> str:
        """What is wanted of an option in an address."""
        return "0 or 1" if self.kind is bool else str(self)

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
        return isinstance(value, int if self.kind is int else int | float) and self._in_range(value)

    def _in_range(self, value: float) -> bool:
        # Python compares an int of any size with a float exactly; math.isfinite would overflow.
        bounds = self.within or Within(-math.inf, math.inf)
        large = isinstance(value, int) and abs(value) > MAX_INTEGER
        return not large and bounds.minimum <= value <= bounds.maximum and not math.isinf(value)

    def convert(self, value: Any) -> Any:
        """A value that `takes` approved, as the dataclass holds it."""
        if get_origin(self.kind) is tuple:
            return tuple(value)
        return float(value) if self.kind is float else value

    def read(self, text: str) -> Any:
        """The value of an option as an address writes it.

        Raises:
            ValueError: it does not fit.
        """
        if self.parsed is not None:
            return self.parsed.read(text)
        if get_origin(self.kind) is Literal or self.kind is bool:
            choices = (False, True) if self.kind is bool else get_args(self.kind)
            known = {str(int(choice) if self.kind is bool else choice): choice for choice in choices}
            if text not in known:
                raise ValueError(text)
            return known[text]
        value = text if self.kind is str else _number(text, self.kind)
        if not self.takes(value):
            raise ValueError(text)
        return self.convert(value)


def _number(text: str, kind: type[int | float]) -> float:
    # int() and float() also read the digits of other scripts, and underscores.
    if not text.isascii() or "_" in text:
        raise ValueError(text)
    return kind(text)


def wanted_by(hint: Any) -> Wanted:
    """What a field with this annotation accepts."""
    optional, marks = False, list[Any]()
    while get_origin(hint) in (Union, UnionType, Annotated):
        if get_origin(hint) is Annotated:
            hint, *outer = get_args(hint)
            marks += outer
        else:
            optional = True
            (hint,) = [kind for kind in get_args(hint) if kind is not NoneType]
    return Wanted(
        hint,
        optional,
        _mark(marks, Within),
        _mark(marks, Secret) is not None,
        _mark(marks, Parsed),
        _mark(marks, NoSecrets),
        _mark(marks, Understood),
    )


def _mark(marks: list[Any], kind: type[Mark]) -> Mark | None:
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def shown(value: object) -> str:
    """A value that a user wrote, as Python writes it and no longer than a line."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write integers of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 2]}... of {len(text)} characters"
