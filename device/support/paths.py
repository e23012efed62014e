"""What is at a path that a user typed; nothing, if the path cannot be examined at all.

`Path.is_file` and its like raise on a name that is too long, which would reach the user as a traceback.
"""

import os
import stat
from pathlib import Path


def _mode_of(path: str | Path) -> int:
    """The mode of the file, links followed; 0 when there is none."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


def is_folder(path: str | Path) -> bool:
    """Whether there is a folder."""
    return stat.S_ISDIR(_mode_of(path))


def is_file(path: str | Path) -> bool:
    """Whether there is a regular file."""
    return stat.S_ISREG(_mode_of(path))


def is_anything(path: str | Path) -> bool:
    """Whether there is anything."""
    return _mode_of(path) != 0


def real_path(path: str | Path) -> str:
    """The absolute path with links followed, whether or not anything is there."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)


def path_of(place: str) -> Path:
    """A path with `~` expanded: the shell leaves it alone behind a colon."""
    # Path.expanduser raises where there is no such user; such a name is then just a name.
    return Path(os.path.expanduser(place))  # noqa: PTH111
