"""A run's `log.jsonl`: written by the loop, read by whoever compares runs."""

import json
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError


class RunLog:
    """`log.jsonl`: one row a logged step; rows after the resumed step are dropped."""

    def __init__(self, path: Path, resumed_step: int) -> None:
        """Keep what was logged up to and with `resumed_step`."""
        self.path = path
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
        self.rows: list[dict[str, Any]] = [row for row in rows if row["step"] <= resumed_step]
        path.write_text("".join(json.dumps(row) + "\n" for row in self.rows))

    def add(self, row: dict[str, Any]) -> None:
        """Append a row."""
        self.rows.append(row)
        with self.path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")


def last_row(folder: Path, key: str) -> dict[str, Any]:
    """The last logged row that holds a figure.

    Args:
        folder: of the run.
        key: the figure's, as `nme_300w`.

    Raises:
        BadInputError: the run has no log, or it lacks the figure.
    """
    path = folder / "log.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise BadInputError(f"no log in {folder}: train the run first") from error
    found: list[dict[str, Any]] = [row for row in map(json.loads, lines) if key in row]
    if not found:
        raise BadInputError(f"{path} holds no {key}: the run was validated on another set; train it again")
    return found[-1]
