"""The finished networks that a run learns from, and how good they must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from device.contract.errors import BadInputError
from training.engine.checkpoint import is_saved, load_network, load_values
from training.engine.precision import placed
from training.engine.settings import RunSettings
from training.models.committee import Committee
from training.tasks.registry import check_network, task_kind

MAIN_FIGURE = "nme_300w"
"""What networks are compared by where both have it: its labels are made by hand."""


@dataclass(frozen=True, eq=False)
class Teachers:
    """Frozen networks by role."""

    networks: dict[str, nn.Module]
    side: int
    """Pixels of the largest input, 0 without teachers."""


def load_teachers(settings: RunSettings, runs: Path, device: torch.device) -> Teachers:
    """The teachers that the run names; several in one role are a committee.

    Raises:
        BadInputError: a teacher's run is not finished, or of another scheme, kind or input.
    """
    loaded = {role: _load_role(settings, names, runs) for role, names in settings.teachers.items()}
    networks = {role: placed(network, device) for role, (network, _) in loaded.items()}
    return Teachers(networks, max((side for _, side in loaded.values()), default=0))


def _load_role(settings: RunSettings, names: Sequence[str], runs: Path) -> tuple[nn.Module, int]:
    kind = task_kind(settings.task)
    if len(names) > 1 and not kind.committee:
        raise BadInputError(
            f"task {settings.task} has one teacher a role, got {', '.join(names)}: name the best"
        )
    loaded = [load_network(runs / name / "network.pt") for name in names]
    for name, (network, made) in zip(names, loaded, strict=True):
        check_network(network, settings.task, f"teacher {name}")
        if made.scheme != settings.scheme:
            raise BadInputError(f"teacher {name} has scheme {made.scheme}, wanted {settings.scheme}")
    sides = [made.model.input_side for _, made in loaded]
    wanted = settings.model.input_side
    if max(sides) < wanted or (not kind.committee and max(sides) != wanted):
        more = " or more" if kind.committee else ""
        raise BadInputError(
            f"teacher {', '.join(names)} has input {max(sides)}, wanted {settings.model.input_side}{more}"
        )
    networks = [network.requires_grad_(False) for network, _ in loaded]
    return (networks[0] if len(networks) == 1 else Committee(networks, sides)), max(sides)


def figures_of(run: Path) -> dict[str, float]:
    """NME by validation set that a finished run recorded, fractions; empty for a run that is not finished.

    Empty, too, where a shape model has smoothed the labels, as KD-Net's tolerant teacher learns them: the
    distance from the labels themselves is then what it was meant to have, and says nothing of its worth.
    """
    values = load_values(run / "network.pt") if is_saved(run / "network.pt") else {}
    if values.get("settings", {}).get("loss", {}).get("variance_share", 0):
        return {}
    return {name: value for name, value in values.get("metrics", {}).items() if name.startswith("nme_")}


def compared(ours: dict[str, float], theirs: dict[str, float]) -> tuple[float, float] | None:
    """The figure by which two networks are compared; None where they were validated on different sets."""
    both = sorted(set(ours) & set(theirs), key=lambda name: name != MAIN_FIGURE)
    return (ours[both[0]], theirs[both[0]]) if both else None


def weak_teachers(settings: RunSettings, runs: Path, pupil: str, figures: dict[str, float]) -> list[str]:
    """A sentence for each role whose best teacher is worse than what it teaches.

    Args:
        settings: of the run.
        runs: all runs.
        pupil: what is taught, in words.
        figures: NME of the pupil by validation set, fractions.
    """
    found = []
    for role, names in settings.teachers.items():
        pairs = [compared(figures_of(runs / name), figures) for name in names]
        known = [pair for pair in pairs if pair is not None]
        if known and min(known)[0] > known[0][1]:
            teacher, taught = (100 * nme for nme in min(known))
            found.append(
                f"{role} {', '.join(names)} ({teacher:.2f} % NME) is worse than {pupil} ({taught:.2f} %)"
            )
    return found


def check_teachers(settings: RunSettings, runs: Path, figures: dict[str, float]) -> None:
    """Refuse a teacher that is worse than the network that it is to teach.

    Args:
        settings: of the run.
        runs: all runs.
        figures: NME by validation set of the network as the run begins, fractions.

    Raises:
        BadInputError: the best teacher of a role is worse than that.
    """
    weak = weak_teachers(settings, runs, "what the run begins with", figures)
    if weak:
        raise BadInputError(
            f"run {settings.name}: {weak[0]}; train the teacher longer, or study that with "
            "--allow-weak-teacher"
        )
