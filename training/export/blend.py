"""A network between two: one that has gone on learning, drawn back towards what it began with.

Between a network and what it became by further training the error usually has no hill, and a place on the way
keeps what the first knew while it has most of what the second learnt (Wortsman et al., "Robust fine-tuning of
zero-shot models", CVPR 2022).
"""

import json
from pathlib import Path
from typing import Any

import msgspec
from torch import Tensor

from device.contract.errors import BadInputError, UsageError
from device.contract.files import write_whole_bytes
from device.contract.provenance import merged
from training.engine.checkpoint import load_values, recorded_sources, save_whole, settings_as_values

PRESENCE_BIAS = "presence.bias"
"""Of the students."""


def between(first: dict[str, Tensor], second: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights with `share` of the second network's and the rest of the first's; whole numbers of the second.

    Raises:
        BadInputError: the networks are not of one form.
    """
    if {name: weight.shape for name, weight in first.items()} != {
        name: weight.shape for name, weight in second.items()
    }:
        raise BadInputError(
            "the two networks are not of one form; blend a run with the one that it began with"
        )
    return {
        name: first[name].lerp(weight, share) if weight.is_floating_point() else weight
        for name, weight in second.items()
    }


def stricter(weights: dict[str, Tensor], logits: float) -> dict[str, Tensor]:
    """The same weights, but for a presence whose logit is that much lower.

    Who learns to see a face in profile and behind a hand takes more grounds for one: how many is a matter of
    where the threshold lies, which is the same for every model (`python -m training presence`).

    Raises:
        UsageError: the network tells no presence.
    """
    if PRESENCE_BIAS not in weights:
        raise UsageError(f"the network has no {PRESENCE_BIAS}; leave --stricter out")
    return {**weights, PRESENCE_BIAS: weights[PRESENCE_BIAS] - logits}


def blend_runs(settings: Any, first: str, share: float, runs: Path, lower_presence: float = 0.0) -> Path:
    """Write runs/NAME as if finished: `share` of the run that `settings` starts from, the rest of another.

    Args:
        settings: of the run file; its `start` is the second network.
        first: name of the other run.
        share: 0 to 1.
        runs: all runs.
        lower_presence: by how much the presence's logit is lowered.

    Raises:
        UsageError: a share beyond 0 and 1, or a run file without a start.
        BadInputError: a run is not finished, the networks are not of one form, or NAME is there already.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    if not 0 <= share <= 1:
        raise UsageError(f"--share {share:g}: wanted a number from 0 to 1")
    if not settings.start:
        raise UsageError(f"run {settings.name} has no `start`: name the network that is blended with {first}")
    folder = runs / settings.name
    if folder.exists():
        raise BadInputError(f"{folder} is there already; move it away to blend the runs again")
    networks = [load_values(runs / name / "network.pt") for name in (first, settings.start)]
    weights = between(networks[0]["weights"], networks[1]["weights"], share)
    if lower_presence:
        weights = stricter(weights, lower_presence)
    sources = merged(*(recorded_sources(network) for network in networks))
    values = {"settings": settings_as_values(settings), "weights": weights, "metrics": {}}
    save_whole({**values, "sources": msgspec.to_builtins(sources)}, folder / "network.pt")
    row = {"step": 0, "images": 0, "blended": [first, settings.start], "share": share}
    row |= {"stricter": lower_presence} if lower_presence else {}
    write_whole_bytes(folder / "log.jsonl", (json.dumps(row) + "\n").encode())
    return folder
