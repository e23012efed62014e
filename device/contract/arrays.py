"""Named arrays in an .npz file, plain numbers and text only: reading one runs nothing."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.files import write_whole

DAMAGE = (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile)
"""What numpy raises for a damaged file, and for one that holds pickled objects."""


def read_arrays(path: Path, *names: str, remedy: str) -> tuple[NDArray[Any], ...]:
    """The arrays of these names, or all in the file's order where none is named.

    Args:
        path: of the file.
        names: of the arrays.
        remedy: what to do about a file that cannot be read.

    Raises:
        BadInputError: no such file or array, a damaged file, or one that holds pickled objects.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return tuple(np.asarray(arrays[name]) for name in names or arrays.files)
    except DAMAGE as error:
        wanted = ", ".join(names) or "arrays"
        raise BadInputError(f"{path} has no readable {wanted} ({error}); {remedy}") from error


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays as one compressed .npz, whole.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """

    def fill(beside: Path) -> None:
        with beside.open("wb") as stream:
            np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # mypy tries allow_pickle for **

    write_whole(path, fill)
