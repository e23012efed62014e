"""The figures behind the page: one JSON file beside it, a part of which each run replaces.

    {"times": {CLASS: {"about": {...}, "rows": ...}}, "start": {CLASS: ...}, "accuracy": {"": ...}, ...}

Times are kept for each class of processor, for they cannot be compared across; all else has one.
"""

import json
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes

ANY = ""
"""The class of figures that do not depend on the processor."""

Measured = dict[str, Any]
"""`about` and `rows` of one table."""


class Figures:
    """All figures that were measured so far."""

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one.

        Raises:
            BadInputError: it is damaged.
        """
        self._path = path
        self._sections: dict[str, dict[str, Measured]] = {}
        if path.is_file():
            try:
                self._sections = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise BadInputError(f"{path} is damaged ({error}); remove it and measure again") from error

    def put(self, section: str, kind: str, about: dict[str, Any], rows: Any) -> None:
        """Replace one table, and write the file.

        Raises:
            WriteFailedError: it cannot be written.
        """
        self._sections.setdefault(section, {})[kind] = {"about": about, "rows": rows}
        text = json.dumps(self._sections, indent=1, ensure_ascii=False)
        write_whole_bytes(self._path, f"{text}\n".encode())

    def tables(self, section: str) -> dict[str, Measured]:
        """The tables of a section, by class of processor."""
        return self._sections.get(section, {})
