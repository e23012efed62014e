"""Checkpoints: a whole run that can go on, and a network that can be handed on."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from device.contract.provenance import KEY, UNKNOWN, Source, sources_of
from training.engine.run_file import run_from_values
from training.engine.settings import RunSettings
from training.engine.shards import index_of, read_shards, save_one, save_shards
from training.models import build_model
from training.models.saved import load_saved

UNRECORDED = Source("a run without a record", UNKNOWN, "", "training")
"""Stands for what a checkpoint does not tell of."""


def save_whole(values: dict[str, Any], path: Path, shard_mb: float = 0.0) -> None:
    """torch.save, whole or not at all: a kill in mid-write leaves the old checkpoint.

    Args:
        values: what to save.
        path: of the checkpoint.
        shard_mb: megabytes of a shard; 0 for one file.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    if shard_mb > 0:
        save_shards(values, path, shard_mb)
    else:
        save_one(values, path)


def is_saved(path: Path) -> bool:
    """Whether a checkpoint is there, as one file or in shards."""
    return path.is_file() or index_of(path).is_file()


def load_values(path: Path) -> dict[str, Any]:
    """What `save_whole` wrote, on the CPU.

    Raises:
        BadInputError: no such file, or not one of ours.
    """
    if not is_saved(path):
        raise BadInputError(f"no checkpoint {path}: run the training that makes it first")
    source = read_shards(path) if index_of(path).is_file() else path
    values = load_saved(source, f"checkpoint {path}", "remove it, train again")
    if not isinstance(values, dict) or "settings" not in values:
        raise BadInputError(f"checkpoint {path} is none of this project's: it holds no settings")
    return values


def settings_as_values(settings: Any) -> dict[str, Any]:
    """Plain values of a run file's dataclass, as a checkpoint holds them."""
    return dataclasses.asdict(settings)


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    """In half precision, unless a value would leave its range."""
    half = tensor.half()
    return half if tensor.is_floating_point() and bool(half.isfinite().all()) else tensor


def recorded_sources(values: dict[str, Any]) -> tuple[Source, ...]:
    """What a checkpoint's run learnt from; UNRECORDED where it was written before sources were kept."""
    if "sources" not in values:
        return (UNRECORDED,)
    return sources_of({KEY: values["sources"]})


def save_network(
    model: nn.Module,
    settings: Any,
    metrics: dict[str, float],
    path: Path,
    *,
    half: bool = False,
    sources: Sequence[Source] = (UNRECORDED,),
) -> None:
    """The averaged network alone: weights, how to build it, and how good it was.

    Args:
        model: the network.
        settings: its run file.
        metrics: figures by name, fractions.
        path: of the file.
        half: store the weights in half precision, half the size; they are used in float32 again.
        sources: everything that it learnt from.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if half:
        weights = {name: _halved(tensor) for name, tensor in weights.items()}
    values = {"settings": settings_as_values(settings), "weights": weights, "metrics": metrics}
    save_whole({**values, "sources": msgspec.to_builtins(sources)}, path)


def load_network(path: Path) -> tuple[nn.Module, RunSettings]:
    """A network in evaluation mode, and the settings it was trained with.

    Raises:
        BadInputError: no such file, or weights that do not fit the network they name.
    """
    values = load_values(path)
    settings = run_from_values(values["settings"], str(path))
    model = build_model(settings.model, SCHEMES[settings.scheme].count)
    try:
        model.load_state_dict(values["weights"])
    except (RuntimeError, KeyError) as error:
        first = " ".join(str(error).splitlines()[1:2]).strip()
        raise BadInputError(
            f"{path}: weights do not fit {settings.model.family} ({first[:200]}); train it again"
        ) from error
    return model.eval(), settings
