"""What docs/troubles.md quotes is said by our programs."""

import re

import pytest

from tests.conftest import ROOT
from tests.docs.blocks import tracked

SOURCES = (
    "\n".join(
        path.read_text()
        for path in map(ROOT.joinpath, tracked("*.py", "*.sh"))
        if path.is_file() and "tests" not in path.parts
    )
    + (ROOT / "Makefile").read_text()
)
# Adjacent literals are one sentence; what is put in at run time is cut out of quotes and sources alike.
JOINED = re.sub(r"\{[^{}\n]*\}", "\0", re.sub(r'"\s*\n\s*f?"', "", SOURCES))
SHORTEST = 6
"""Characters of a part worth looking for."""


def quotes():
    """Every sentence in the first column that has a blank in it, without what differs from case to case."""
    page = (ROOT / "docs" / "troubles.md").read_text()
    firsts = re.findall(r"^\| (.*?) \|", page, re.MULTILINE)
    return sorted({code for first in firsts for code in re.findall(r"`([^`]+)`", first) if " " in code})


def parts(quote):
    pieces = re.split(r"\.\.\.|PYTHON=|\b\d[\d.:]*\b|/dev/\w+(?!\*)\b", quote)
    return [piece.strip(" ,:") for piece in pieces if len(piece.strip(" ,:")) >= SHORTEST]


def test_there_are_quotes():
    assert len(quotes()) > 10


@pytest.mark.parametrize("quote", quotes())
def test_a_quoted_sentence_is_one_of_ours(quote):
    assert parts(quote)
    for part in parts(quote):
        assert part in JOINED, part
