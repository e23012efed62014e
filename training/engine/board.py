"""TensorBoard's log of a run: `tensorboard --logdir runs` shows all of them side by side."""

from pathlib import Path
from typing import Any


class Board:
    """Scalars by images seen; the files are begun with the first of them."""

    def __init__(self, folder: Path, resumed_step: int) -> None:
        """Points logged after `resumed_step` by a killed run are hidden."""
        self._folder, self._resumed = folder, resumed_step
        self._writer: Any = None

    def add(self, row: dict[str, Any]) -> None:
        """A row of the log: `step`, and numbers by name."""
        if self._writer is None:
            # Half a second to import, and only the leading process writes.
            from tensorboardX import SummaryWriter

            purge = {"purge_step": self._resumed + 1} if self._resumed else {}
            self._writer = SummaryWriter(str(self._folder), **purge)
        for name, value in row.items():
            if name != "step":
                self._writer.add_scalar(name.replace("_", "/", 1), value, row["step"])

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
