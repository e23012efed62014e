"""Checkpoints: a whole run that can go on, and a network that can be handed on."""

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import nn

from device.contract.errors import BadInputError
from device.contract.files import write_whole
from device.contract.landmarks import SCHEMES
from training.models import build_model
from training.settings import RunSettings, run_from_values


def save_whole(values: dict[str, Any], path: Path) -> None:
    """torch.save, written beside and renamed: a kill in mid-write leaves the old checkpoint.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    write_whole(path, lambda beside: torch.save(values, beside))


def load_values(path: Path) -> dict[str, Any]:
    """What `save_whole` wrote, on the CPU.

    Raises:
        BadInputError: no such file, or not one of ours.
    """
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise BadInputError(f"no checkpoint {path}: run the training that makes it first") from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise BadInputError(f"checkpoint {path} cannot be read ({error}); remove it, train again") from error
    if not isinstance(values, dict) or "settings" not in values:
        raise BadInputError(f"checkpoint {path} is none of this project's: it holds no settings")
    return values


def settings_as_values(settings: Any) -> dict[str, Any]:
    """Plain values of a run file's dataclass, as a checkpoint holds them."""
    return dataclasses.asdict(settings)


def save_network(model: nn.Module, settings: Any, metrics: dict[str, float], path: Path) -> None:
    """The averaged network alone: weights, how to build it, and how good it was.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_whole({"settings": settings_as_values(settings), "weights": weights, "metrics": metrics}, path)


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
        raise BadInputError(f"{path}: weights do not fit {settings.model.family} ({error})") from error
    return model.eval(), settings
