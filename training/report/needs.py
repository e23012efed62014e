"""Which run files must be trained before a run: what it starts from, and what it learns from."""

from collections.abc import Sequence
from pathlib import Path

from device.contract.errors import BadInputError
from training.engine.checkpoint import is_saved
from training.engine.run_file import read_merged, teachers_by_role
from training.report.lineage import CONFIGS, run_files, runs_before


def named_runs(path: Path) -> list[str]:
    """The runs that a run file starts from or learns from, each once.

    Raises:
        BadInputError: a file is missing or not TOML, or `teachers` is neither a list nor a table.
    """
    values = read_merged(path)
    return runs_before({**values, "teachers": teachers_by_role(values.get("teachers", {}), str(path))})


def with_needed(files: Sequence[Path], runs: Path) -> list[Path]:
    """The run files, each behind those that it needs and whose runs are not finished, each once.

    Raises:
        BadInputError: a file is missing, or names a run that is neither finished nor of a run file in
            training/configs/.
    """
    known = {name: CONFIGS.parents[1] / path for name, path in run_files().items()}
    found: dict[Path, None] = {}

    def visit(path: Path, waiting: tuple[Path, ...]) -> None:
        if path in waiting:
            raise BadInputError(f"run file {path} needs itself: change its `start` or `teachers`")
        for name in named_runs(path):
            if is_saved(runs / name / "network.pt"):
                continue
            if name not in known:
                raise BadInputError(
                    f"{path} needs run {name!r}, of which there is neither {runs / name} nor a run file in "
                    f"training/configs/: train it first, or mend the name"
                )
            visit(known[name], (*waiting, path))
        found[path] = None

    for path in files:
        visit(path.resolve(), ())
    return list(found)
