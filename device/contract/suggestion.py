"""Errors for unknown words that list the known ones and suggest the nearest."""

from collections.abc import Iterable

from device.contract.errors import UsageError


def nearest(got: str, known: Iterable[str]) -> str:
    """`; did you mean WORD?`, or an empty text when no known word is similar."""
    import difflib

    near = difflib.get_close_matches(got, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def unknown_word(what: str, got: str, known: Iterable[str]) -> UsageError:
    """The error for `got` where one of `known` was wanted.

    Args:
        what: what the word names: "source", "source option".
        got: the word as written.
        known: all words that could have been meant.
    """
    words = list(known)
    return UsageError(f"unknown {what} {got!r}, known: {', '.join(words)}{nearest(got, words)}")
