"""One table of exit codes for every program of the project; docs/troubles.md prints it."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """How a program ended; each member's text is its row in docs/troubles.md."""

    description: str

    def __new__(cls, value: int, description: str) -> Self:
        """Attach the sentence that the page shows."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    DONE = 0, "done"
    UNEXPECTED = 1, "unexpected: a fault of ours; the traceback belongs in a report"
    USAGE = 2, "usage: the command line is wrong"
    BAD_INPUT = 3, "bad input or settings: a file or a value cannot be used"
    GATE = 4, "a gate or a self-test failed"
    MISSING_OUTSIDE = 5, "something outside is missing: camera, compiler, broker"
    REFUSED = 6, "refused: the safe answer was no"
    WRITE_FAILED = 7, "write failed: disk full, no permission"
    VERIFY_FAILED = 8, "verify failed: what was written reads back differently"
    # 128 and the number of SIGINT, as shells have it.
    INTERRUPTED = 130, "interrupted by Ctrl-C before the end"


def exit_code_table() -> str:
    """Markdown table of all codes, as docs/troubles.md holds it."""
    rows = [f"| {code.value} | {code.description} |" for code in ExitCode]
    return "\n".join(["| code | meaning |", "| --- | --- |", *rows])
