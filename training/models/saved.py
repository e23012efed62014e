"""Reading what torch saved, without executing anything in it."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from device.contract.errors import BadInputError


def load_saved(source: Path | io.BytesIO, what: str, remedy: str) -> Any:
    """Tensors and plain values that torch.save wrote, on the CPU.

    Args:
        source: file or stream.
        what: name of the source, for the message.
        remedy: advice where it cannot be read.

    Raises:
        BadInputError: it is damaged, or torch did not save it.
    """
    try:
        return torch.load(source, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, LookupError, pickle.UnpicklingError) as error:
        raise BadInputError(
            f"{what} cannot be read: damaged, or no state that torch saved; {remedy}"
        ) from error
