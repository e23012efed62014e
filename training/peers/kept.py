"""What a long measurement has found so far, so that one that was cut off goes on where it was."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.contract.files import write_whole


class Kept:
    """Arrays in a folder of their own for every setting of the measurement."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        """Nothing is read or written yet.

        Args:
            folder: of all settings.
            settings: whatever the arrays depend on, as JSON.
        """
        told = json.dumps(settings, sort_keys=True, default=str)
        self._folder = folder / hashlib.sha256(told.encode()).hexdigest()[:16]

    def array(self, name: str, measure: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
        """The array of that name: the one that is kept, or what `measure` gives, which is kept from now on.

        Raises:
            WriteFailedError: the folder cannot be written or the disk is full.
        """
        path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.npy"
        if path.is_file():
            return np.asarray(np.load(path, allow_pickle=False), np.float64)
        array = measure()
        write_whole(path, lambda beside: np.save(beside, array))
        return array

    def clear(self) -> None:
        """Forget everything: the measurement is whole."""
        shutil.rmtree(self._folder, ignore_errors=True)
