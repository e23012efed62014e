"""Our lines in a Pi's config.txt and cmdline.txt: added between marks, never twice, nothing else touched.

Runs in two places, so it needs nothing but Python: in the image, from the host's tool, and on the Pi, where
install.sh calls `python3 boot_fragments.py FRAGMENTS BOOT`.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

BEGIN = "# >>> landmarks: written by install.sh; changes between these marks are lost"
END = "# <<< landmarks"

LONGEST_LINE = 98
"""Characters of a config.txt line that the firmware reads; the rest of a longer one is dropped."""

LONGEST_CMDLINE = 2047
"""Characters that an arm64 kernel takes."""


def without_fragment(text: str) -> str:
    """A config.txt as it was before our lines."""
    kept, inside = [], False
    for line in text.splitlines():
        if line == BEGIN:
            inside = True
        elif line == END:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept).rstrip("\n") + "\n"


def with_fragment(text: str, fragment: str) -> str:
    """A config.txt with our lines at its end.

    Args:
        text: the file as it is, with our lines of an earlier time or without.
        fragment: begins with a section and ends with [all], so that what others append counts for all boards.

    Raises:
        ValueError: the fragment breaks one of the rules above.
    """
    lines = [line.strip() for line in fragment.splitlines() if line.strip()]
    if not lines or not lines[0].startswith("[") or lines[-1] != "[all]":
        raise ValueError("config.txt fragment: wanted a section first and [all] last")
    long = [line for line in lines if len(line) > LONGEST_LINE and not line.startswith("#")]
    if long:
        raise ValueError(f"config.txt fragment: more than {LONGEST_LINE} characters in {long[0]!r}")
    return "\n".join([without_fragment(text).rstrip("\n"), BEGIN, *lines, END]) + "\n"


def fragment_words(text: str) -> list[str]:
    """The words of a cmdline.txt fragment: one a line, a reason behind `#`."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def with_words(text: str, words: Iterable[str], replaced: Iterable[str] = ()) -> str:
    """A cmdline.txt with more words: one line, each word once.

    Args:
        text: the file as it is.
        words: to be there.
        replaced: beginnings of words that go: "ds=" takes an older "ds=nocloud;i=..." away.

    Raises:
        ValueError: the kernel would not take so long a line.
    """
    wanted, gone = list(words), tuple(replaced)
    kept = [word for word in text.split() if word not in wanted and not (gone and word.startswith(gone))]
    line = " ".join([*kept, *wanted])
    if len(line) > LONGEST_CMDLINE:
        raise ValueError(f"cmdline.txt would have {len(line)} characters, at most {LONGEST_CMDLINE} are read")
    return line + "\n"


def write_beside(path: Path, text: str) -> None:
    """Replace a file in one step: a Pi without its config.txt does not start."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def main(fragments: Path, boot: Path) -> int:
    """Bring both files of a mounted boot partition up to date.

    Args:
        fragments: folder with our config.txt and cmdline.txt.
        boot: the boot partition.
    """
    config, cmdline = boot / "config.txt", boot / "cmdline.txt"
    merged = with_fragment(config.read_text(), (fragments / "config.txt").read_text())
    if merged != config.read_text():
        write_beside(config, merged)
    words = fragment_words((fragments / "cmdline.txt").read_text())
    merged = with_words(cmdline.read_text(), words)
    if merged.split() != cmdline.read_text().split():
        write_beside(cmdline, merged)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
