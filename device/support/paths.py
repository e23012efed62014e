"""What lies at a path that a user typed; a path that cannot even be looked at holds nothing.

`pathlib`'s own questions raise on a name that is too long, which would reach the user as a traceback.
"""

import os
import stat
from pathlib import Path


def _mode_of(path: str | Path) -> int:
    """The file's mode, links followed; 0 when there is none."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


def is_folder(path: str | Path) -> bool:
    """Whether a folder is there."""
    return stat.S_ISDIR(_mode_of(path))


def is_file(path: str | Path) -> bool:
    """Whether an ordinary file is there."""
    return stat.S_ISREG(_mode_of(path))


def is_anything(path: str | Path) -> bool:
    """Whether anything is there."""
    return _mode_of(path) != 0


def path_of(place: str) -> Path:
    """The path of a place; `~` is the user's home, which the shell leaves alone behind a colon."""
    # Path.expanduser raises where there is no such user; such a name is then just a name.
    return Path(os.path.expanduser(place))  # noqa: PTH111
