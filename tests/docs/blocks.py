"""The fenced blocks of a page, each with what the page's source says about running it."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_WHOLE_PAGE = re.compile(r"^<!-- all blocks (?P<mark>run by: [^\n]*?) -->$", re.MULTILINE)

NOT_RUN, RUN_BY, KEEPS_RUNNING = "not run", "run by", "keeps running"
"""How a comment on the line above a block may begin; the first two name a reason or a test after a colon."""


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    """Of its first fence, from 1."""
    language: str
    text: str
    mark: str
    """One of those above; empty: the block is run as it stands."""
    reason: str
    """Why it is not run, or the test that runs it."""

    @property
    def place(self) -> str:
        """Page and line."""
        return f"{self.page.name}:{self.line}"


def tracked(*patterns: str) -> list[str]:
    """Files of the checkout that git has, or would take, by pattern; paths within it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    whole = _WHOLE_PAGE.search(text)
    found = []
    for match in _BLOCK.finditer(text):
        comment = whole["mark"] if whole else match["mark"] or ""
        mark, _, reason = comment.partition(": ")
        line = text.count("\n", 0, match.start("language")) + 1
        found.append(Block(page, line, match["language"], match["text"], mark, reason))
    return found
