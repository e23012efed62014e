"""The parser of every program's command line: a mistake is one line with the nearest known word."""

import argparse
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from device.contract.errors import UsageError
from device.contract.suggestion import nearest

_WANTED: dict[Any, str] = {int: "a whole number", float: "a number"}
"""Python's own types of options, in words."""


def count(text: str) -> int:
    """An option's whole number, 1 or more.

    Raises:
        ArgumentTypeError: the text is none.
    """
    # int() reads the digits of other scripts, underscores and blanks, too.
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 18 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a whole number, 1 or more")
    return int(text)


def positive(text: str) -> float:
    """An option's number above 0.

    Raises:
        ArgumentTypeError: the text is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a number above 0")
    return number


class CommandParser(argparse.ArgumentParser):
    """argparse's parser, with our errors and with examples that keep their lines."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"formatter_class": argparse.RawDescriptionHelpFormatter} | options)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}; see `{self.prog} --help`")

    # argparse's stubs overload this for namespaces of a user's own, of which we have none.
    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """As argparse does, but an unknown option is refused by the command that it was given to.

        Raises:
            UsageError: the command line is wrong.
        """
        values, rest = super().parse_known_args(args, namespace)
        if unknown := next((word for word in rest if word.startswith("-")), None):
            option = unknown.partition("=")[0]
            self.error(f"unknown option {option}{nearest(option, self._option_string_actions)}")
        if rest:
            self.error(f"unexpected argument {rest[0]!r}")
        return values, rest

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        read: Any = action.type
        if read in _WANTED:
            try:
                return read(arg_string)
            except ValueError as error:
                sentence = f"got {arg_string!r}, wanted {_WANTED[read]}"
                raise argparse.ArgumentError(action, sentence) from error
        return super()._get_value(action, arg_string)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = list(map(str, action.choices))
            near = nearest(str(value), known)
            raise argparse.ArgumentError(action, f"got {value!r}, known: {', '.join(known)}{near}")
