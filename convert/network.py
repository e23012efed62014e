"""The exported program of a handover, loaded without torch's own chatter."""

import logging
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from device.contract.errors import BadInputError

if TYPE_CHECKING:
    from torch.export import ExportedProgram


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Silence warnings and log lines: torch logs a traceback even for errors that it then raises."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def load_network(path: Path) -> "ExportedProgram":
    """The program that training saved with torch.export.save.

    Raises:
        BadInputError: not such a file, or damaged.
    """
    import torch

    try:
        with quiet_torch():
            return torch.export.load(path)
    except (RuntimeError, ValueError, KeyError, OSError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError(
            f"{path} is no exported program ({reason}); wanted a file of torch.export.save: "
            f"write the handover again"
        ) from error
