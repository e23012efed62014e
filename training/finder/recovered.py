"""A finder's finished run made from the one that ships: `training/export/recovered.py`, for finders."""

from collections.abc import Sequence
from pathlib import Path

import torch

from device.contract.provenance import Source
from training.data.crops import to_tensor
from training.export.recovered import (
    folder_to_recover,
    make_identity,
    read_layers,
    sources_with,
    take_layers,
    write_recovered,
)
from training.finder.handover import calibration_canvases
from training.finder.run import build_finder, load_run_pictures, make_composer
from training.finder.settings import FinderRun
from training.finder.task import RULE
from training.finder.validation import miss_rates


def recover_finder_run(
    settings: FinderRun,
    weights: Path,
    data: Path | None,
    teacher: Path | None,
    runs: Path,
    *,
    recorded: Sequence[Source] = (),
) -> dict[str, float]:
    """Write runs/NAME as if it were finished: network.pt, and one row of its log.

    Args:
        settings: the run file that the finder was trained with.
        weights: its layers, from `python -m convert weights`.
        data: folder with the data sets.
        teacher: YuNet's ONNX file, where the run was taught by it.
        runs: all runs.
        recorded: what the model's manifest says that it learnt from.

    Returns:
        share of faces missed in each validation set, fractions.

    Raises:
        BadInputError: the run is there already, the weights are not its network's, or data is missing.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    folder = folder_to_recover(settings, runs)
    model = build_finder(settings.model)
    norms = take_layers(model, read_layers(weights), settings.model.input_wh)
    pack, pictures, read = load_run_pictures(settings, data, teacher, runs / "packs")
    canvases = calibration_canvases(make_composer(pack, settings, torch.device("cpu")), settings)
    make_identity(model, norms, to_tensor(canvases, torch.device("cpu")))
    missed = miss_rates(model, pictures, RULE)
    metrics = {f"missed_{name}": share for name, share in missed.items()}
    write_recovered(folder, model, settings, metrics, sources_with(recorded, read))
    return missed
