"""Sink addresses: `SCHEME:PLACE?OPTIONS`; each sink says which options it knows.

The place is taken as it is written, without percent-codes; the options begin after the last `?` and
are joined by `&`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from device.contract.errors import UsageError
from device.support.suggestion import unknown_word

FORMS = {
    "stdout": "stdout:",
    "file": "file:PATH",
    "mqtt": "mqtt://[USER@]HOST[:PORT][/DEVICE]",
    "mqtts": "mqtts://[USER@]HOST[:PORT][/DEVICE]",
    "udp-osf": "udp-osf:HOST[:PORT]",
    "osc-vmc": "osc-vmc:HOST[:PORT]",
    "web": "web:[HOST:]PORT",
    "metrics": "metrics:[HOST:]PORT",
}
"""Each scheme and how it is written."""

Option = tuple[str, Callable[[str], Any]]
"""What an option wants, in words, and the function that reads it; ValueError on anything else."""


@dataclass(frozen=True)
class SinkUri:
    """A sink address taken apart."""

    scheme: str
    """One of FORMS."""
    place: str
    """What stands between the scheme and the options, as written."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What follows the question mark, as written."""

    def check_no_place(self) -> None:
        """For a sink that needs none.

        Raises:
            UsageError: there is a place or an option.
        """
        if self.place:
            raise UsageError(f"sink {self.scheme}: takes no place, got {self.place!r}; write {self.form}")
        self.read_options({})

    @property
    def form(self) -> str:
        """How such an address is written."""
        return FORMS[self.scheme]

    def read_options(self, known: Mapping[str, Option]) -> dict[str, Any]:
        """Values of the options that are given, by name.

        Raises:
            UsageError: an unknown option, or a value that its reader refuses.
        """
        values = {}
        for name, text in self.options.items():
            if name not in known:
                raise unknown_word(f"option of sink {self.scheme}:", name, known)
            wanted, read = known[name]
            try:
                values[name] = read(text)
            except ValueError as error:
                raise UsageError(
                    f"sink {self.scheme}: option {name} got {shown(text)}, wanted {wanted}"
                ) from error
        return values


def parse_sink_uri(text: str) -> SinkUri:
    """Take a sink address apart; nothing is opened.

    Raises:
        UsageError: no or an unknown scheme, an option without a value or given twice.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in FORMS:
        raise unknown_word("sink", f"{scheme}:" if colon else text, FORMS.values())
    before, mark, query = rest.rpartition("?")
    return SinkUri(scheme, before if mark else rest, _options(scheme, query if mark else ""))


def _options(scheme: str, query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for word in filter(None, query.split("&")):
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"sink {scheme}: option {name!r} lacks its value; write {name}=VALUE")
        if name in options:
            raise UsageError(f"sink {scheme}: option {name} is given twice; give it once")
        options[name] = value
    return options


def shown(text: str) -> str:
    """What a user wrote, in quotes and no longer than a line."""
    return repr(text) if len(text) <= 80 else f"{text[:40]!r}... of {len(text)} characters"


def one_of(*words: str) -> Option:
    """An option whose value is one of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return f"one of {', '.join(words)}", read


def switch() -> Option:
    """An option that is 0 or 1."""
    wanted, read = one_of("0", "1")
    return wanted, lambda text: read(text) == "1"


def number(low: float, high: float) -> Option:
    """An option that is a number within a range."""

    def read(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return f"a number from {low:g} to {high:g}", read
