"""Errors for unknown words that suggest the nearest known one, or list all where none is near."""

from collections.abc import Iterable

from device.contract.errors import UsageError


def nearest(got: str, known: Iterable[str]) -> str:
    """`; did you mean WORD?`, or an empty text when no known word is similar."""
    import difflib

    near = difflib.get_close_matches(got, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def meant(got: str, known: Iterable[str]) -> str:
    """What to write for an unknown word: `; did you mean WORD?`, or `, known: ` and every word.

    Not both: the settings are some forty, and what helps would stand behind all of them.
    """
    words = list(known)
    return nearest(got, words) or f", known: {', '.join(words)}"


def unknown_word(what: str, got: str, known: Iterable[str]) -> UsageError:
    """The error for `got` where one of `known` was wanted.

    Args:
        what: what the word names: "source", "source option".
        got: the word as written.
        known: all words that could have been meant.
    """
    return UsageError(f"unknown {what} {got!r}{meant(got, known)}")
