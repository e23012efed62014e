"""A settings file: TOML, its values, and the line on which each key stands."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.config.tables import KeyPath
from device.contract.errors import BadInputError

MAX_BYTES = 100_000
"""Of a settings file; a larger one is some other file, named by mistake."""


@dataclass(frozen=True)
class SettingsFile:
    """A file that is valid TOML; its keys and values are not checked yet."""

    path: Path
    """As the user wrote it."""
    text: str
    """Its content."""
    values: dict[str, Any]
    """Nested tables, unchecked."""

    def line_of(self, path: KeyPath) -> int | None:
        """Number of the line, from 1, on which a key or table first appears; None if it does not.

        The standard library's parser reports no lines, so the file is parsed again and again, one statement
        longer each time: the statement that adds the key is the key's own.
        """
        lines = self.text.split("\n")
        begun = 0
        for end in range(1, len(lines) + 1):
            try:
                values = tomllib.loads("\n".join(lines[:end]))
            except ValueError:
                continue  # in the middle of a statement of several lines
            if _holds(values, path):
                return begun + 1
            begun = end
        return None


def _holds(values: Any, path: KeyPath) -> bool:
    for name in path:
        if not isinstance(values, Mapping) or name not in values:
            return False
        values = values[name]
    return True


def read_settings_file(path: Path) -> SettingsFile:
    """Read a settings file.

    Raises:
        BadInputError: no such file, not readable, too large, not UTF-8, not TOML (with the line).
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInputError(
            f"settings file {path}: {error.strerror}; `landmarks config show` prints one to start from"
        ) from error
    except ValueError as error:
        raise BadInputError(f"settings file {str(path)!r}: {error}; check the path") from error
    if len(data) > MAX_BYTES:
        raise BadInputError(f"{path}: more than {MAX_BYTES} bytes, wanted a short TOML file; check the path")
    try:
        text = data.decode("utf-8-sig")
        return SettingsFile(path, text, tomllib.loads(text))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInputError(f"{path}:{line}: byte {error.start} is not UTF-8; save it as UTF-8") from error
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise BadInputError(f"{path}:{_line_in(str(error), text)}: {_plain(str(error))}") from error
    except RecursionError as error:
        raise BadInputError(f"{path}: nested too deeply, wanted keys and tables; check the file") from error


def _line_in(sentence: str, text: str) -> int:
    """Number of the line that tomllib's message names, or of the last line."""
    match = re.search(r"at line (\d+)", sentence)
    return int(match[1]) if match else text.count("\n") + 1


def _plain(sentence: str) -> str:
    """Tomllib's message without its position: `Invalid value`."""
    return (
        re.sub(r" \(at .*\)$", "", sentence)
        + "; wanted TOML: lines of KEY = VALUE below [TABLE], with texts in quotes"
    )
