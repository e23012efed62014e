"""Commands to the running daemon: lines of one or two words, from a broker.

The set is small and every value is bounded, because whoever can reach the broker can send them. A
line that is not understood is answered on the stream by a `reply` message and changes nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from device.contract.errors import BadInputError
from device.contract.suggestion import nearest

MAX_COMMAND_BYTES = 200
"""A longer line is refused unread."""

RATE_RANGE = (0.1, 1000.0)
"""Frame messages a second."""


class Verb(StrEnum):
    """The first word of a command."""

    STATUS = "status"
    HEALTH = "health"
    RATE = "rate"
    MODEL = "model"
    RELOAD = "reload"
    RAW = "raw"


@dataclass(frozen=True)
class Command:
    """A line that was understood."""

    verb: Verb
    """The first word."""
    value: float | str | bool | None = None
    """rate: messages a second, None for all; model: a shipped model's name; raw: whether."""
    text: str = ""
    """The line as it was sent but for blanks, for the reply."""


@dataclass(frozen=True)
class BadCommand:
    """A line that was not understood; the reply says why."""

    text: str
    """The line as it was sent, cut and printable."""
    reason: str
    """One line: got, wanted."""


def _rate(word: str) -> float | None:
    if word == "full":
        return None
    rate = float(word)
    if not RATE_RANGE[0] <= rate <= RATE_RANGE[1]:
        raise ValueError(word)
    return rate


def _model(word: str) -> str:
    # A name, never a path: the sender must not choose which file of the device is opened.
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", word):
        raise ValueError(word)
    return word


def _switch(word: str) -> bool:
    if word not in ("on", "off"):
        raise ValueError(word)
    return word == "on"


VALUES: dict[Verb, tuple[str, Callable[[str], float | str | bool | None]]] = {
    Verb.RATE: (f"{RATE_RANGE[0]:g} to {RATE_RANGE[1]:g} frame messages a second, or full", _rate),
    Verb.MODEL: ("the name of a shipped model", _model),
    Verb.RAW: ("on or off", _switch),
}
"""The second word of each verb that has one: what it may be, and how it is read."""

HELP: dict[Verb, str] = {
    Verb.STATUS: "send a `status` message now",
    Verb.HEALTH: "send a `health` message now",
    Verb.RATE: "send at most this many `frame` messages a second; frames between are not looked at",
    Verb.MODEL: "change to another shipped model",
    Verb.RELOAD: "read the settings file again",
    Verb.RAW: "add `landmarks_raw`, the points before the filter, to every face",
}
"""What each verb does, as device/README.md prints it."""


def command_table() -> str:
    """Markdown table of all commands, as device/README.md holds it."""
    rows = [f"| `{verb}{' ' + VALUES[verb][0] if verb in VALUES else ''}` | {HELP[verb]} |" for verb in Verb]
    return "\n".join(["| line | what it does |", "| --- | --- |", *rows])


def parse_command(line: bytes) -> Command:
    """Understand a line such as `rate 15`.

    Args:
        line: UTF-8, at most MAX_COMMAND_BYTES; blanks around the words do not matter.

    Raises:
        BadInputError: too long, no text, an unknown verb, a missing or wrong value.
    """
    if len(line) > MAX_COMMAND_BYTES:
        raise BadInputError(f"command of {len(line)} bytes, wanted at most {MAX_COMMAND_BYTES}")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError("command is not UTF-8 text; send a line such as: rate 15") from error
    verb_word, *rest = text.split() or [""]
    if verb_word not in list(Verb):
        known = ", ".join(Verb)
        raise BadInputError(f"unknown command {_shown(verb_word)}, known: {known}{nearest(verb_word, Verb)}")
    verb = Verb(verb_word)
    return Command(verb, _parse_value(verb, rest), " ".join([verb, *rest]))


def _parse_value(verb: Verb, words: list[str]) -> float | str | bool | None:
    if verb not in VALUES:
        if words:
            raise BadInputError(f"command {verb} takes no value, got {_shown(' '.join(words))}")
        return None
    wanted, read = VALUES[verb]
    try:
        (word,) = words
        return read(word)
    except ValueError as error:
        got = _shown(" ".join(words)) if words else "nothing"
        raise BadInputError(f"command {verb} got {got}, wanted {wanted}") from error


def _shown(text: str) -> str:
    """What was sent, in quotes, on one line, printable and short."""
    return ascii(text if len(text) <= 40 else text[:39] + "~")
