"""Addresses of sources and sinks: `SCHEME:PLACE?OPTIONS`.

The place is taken as it is written, without percent-codes. The options begin after the last `?` and are
joined by `&`; a place with a question mark of its own is written with one more at its end
(`images:who?are?you?`).

Each source or sink declares its scheme as `SCHEME` in a module of its own, which must be cheap to import:
`run --help` lists all of them. Heavy libraries are imported where the scheme is opened.
"""

import dataclasses
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, Literal, TypeVar

from device.config.docs import field_docs
from device.config.tables import hints_of
from device.config.values import shown, wanted_by
from device.contract.errors import UsageError
from device.contract.suggestion import nearest, unknown_word

WIDTH = 100
"""Columns of the help."""

Options = TypeVar("Options")
Opener = TypeVar("Opener", bound=Callable[..., Any])


@dataclass(frozen=True)
class NoOptions:
    """Of a scheme that has none."""


@dataclass(frozen=True)
class Address(Generic[Options]):
    """An address taken apart."""

    scheme: str
    place: str
    """What stands between the scheme and the options, as written; may be empty."""
    options: Options
    """An instance of the scheme's options dataclass."""


@dataclass(frozen=True)
class Scheme(Generic[Opener]):
    """What a module declares about the addresses that it opens."""

    form: str
    """How such an address is written; `{scheme}` stands for the scheme where a module has several."""
    summary: str
    """One line for `run --help`."""
    options: type
    """Dataclass of the options: a field each, checked by `device.config.values`."""
    open: Opener
    """Opens an `Address`."""
    place: Literal["needed", "optional", "none"] = "needed"
    """Whether a place stands between scheme and options."""
    is_url: bool = False
    """Whether the place may have a query of its own, which then is no option of ours."""
    is_path: bool = False
    """Whether the place is the path of a file or folder, which a run must not both read and write."""
    check: Callable[[Address[Any]], object] | None = None
    """Raises a UsageError where the place cannot be understood; opens nothing, and looks nothing up."""


class Registry(Generic[Opener]):
    """Every scheme of one kind, and the module that declares it."""

    def __init__(self, kind: str, modules: Mapping[str, str]) -> None:
        """Import nothing yet.

        Args:
            kind: "source" or "sink", for messages.
            modules: the module of each scheme.
        """
        self._kind, self._modules = kind, modules

    def __iter__(self) -> Iterator[str]:
        """The schemes."""
        return iter(self._modules)

    def scheme(self, name: str) -> Scheme[Opener]:
        """The declaration of a scheme in this registry."""
        scheme: Scheme[Opener] = import_module(self._modules[name]).SCHEME
        return scheme

    def form(self, name: str) -> str:
        """How an address of a scheme is written."""
        return self.scheme(name).form.format(scheme=name)

    def parse(self, text: str) -> Address[Any]:
        """Take an address apart; nothing is opened.

        Raises:
            UsageError: an unknown scheme, a place that is missing, too much or cannot be understood, an
                unknown or repeated option, a value that does not fit.
        """
        name, colon, rest = text.partition(":")
        if not colon or name not in self._modules:
            got = f"{name}:" if colon else text
            raise unknown_word(self._kind, got, [f"{known}:" for known in self])
        scheme, what = self.scheme(name), f"{self._kind} {name}:"
        place, query = self._split(scheme, what, rest)
        if place and scheme.place == "none":
            raise UsageError(f"{what} takes no place, got {shown(place)}; write {self.form(name)}")
        if not place and scheme.place == "needed":
            raise UsageError(f"{what} lacks its place; write {self.form(name)}")
        address: Address[Any] = Address(name, place, read_options(scheme.options, query, what))
        if scheme.check is not None:
            scheme.check(address)
        return address

    def _split(self, scheme: Scheme[Opener], what: str, rest: str) -> tuple[str, str]:
        """The place and the options."""
        place, mark, query = rest.rpartition("?")
        if not mark:
            return rest, ""
        if not scheme.is_url or not query:
            return place, query
        known = hints_of(scheme.options)
        names = [word.partition("=")[0] for word in query.split("&")]
        ours = [name for name in names if name in known or nearest(name, known)]
        if not ours:
            return rest, ""
        if len(ours) < len(names):
            raise UsageError(
                f"{what} option {ours[0]} stands among words of the camera's own address; "
                f"write a second question mark before our options, as in ...?channel=1?{ours[0]}=VALUE"
            )
        return place, query

    def help(self) -> str:
        """Every scheme with its options, for `run --help`."""
        lines = [f"{self._kind}s, written SCHEME:PLACE?OPTION=VALUE&OPTION=VALUE:"]
        for module in dict.fromkeys(self._modules.values()):
            names = [name for name in self if self._modules[name] == module]
            scheme = self.scheme(names[0])
            lines.append("  " + ", ".join(map(self.form, names)))
            lines += _indented(scheme.summary, 6)
            for line in option_lines(scheme.options):
                lines += _indented(line, 8)
        return "\n".join(lines)


def _indented(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * columns, subsequent_indent=" " * (columns + 2))


def read_options(table: type[Options], query: str, what: str) -> Options:
    """The options of an address.

    Args:
        table: dataclass with a field for each option.
        query: `NAME=VALUE&NAME=VALUE`, or nothing.
        what: whose options, for messages.

    Raises:
        UsageError: an unknown, repeated or missing option, a value that does not fit.
    """
    hints, values = hints_of(table), dict[str, Any]()
    for word in filter(None, query.split("&")):
        name, _, text = word.partition("=")
        if name not in hints:
            raise unknown_word(f"option of {what}", name, hints)
        if name in values:
            raise UsageError(f"{what} option {name} is given twice; give it once")
        wanted = wanted_by(hints[name])
        try:
            values[name] = wanted.read(text)
        except ValueError as error:
            raise UsageError(f"{what} option {name} got {shown(text)}, wanted {wanted.in_address}") from error
    for field in dataclasses.fields(table):  # type: ignore[arg-type]
        if field.default is dataclasses.MISSING and field.name not in values:
            wanted = wanted_by(hints[field.name])
            raise UsageError(f"{what} needs the option {field.name}={wanted.in_address}")
    return table(**values)


def option_lines(table: type) -> Iterator[str]:
    """One line for each option: its name, what it accepts, what it means."""
    docs = field_docs(table)
    for name, hint in hints_of(table).items():
        yield f"{name}= {docs.get(name, '')} ({wanted_by(hint).in_address})"
