"""Reading a run's `log.jsonl`."""

import json
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError


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
