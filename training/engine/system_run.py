"""From a published system's run file to a finished run."""

from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from training.data.pack import FacePack
from training.engine.checkpoint import load_network, load_values
from training.engine.loop import Loop
from training.engine.precision import compiled, placed
from training.engine.run import face_weights, load_faces, make_augmenter, shares_of
from training.engine.run_parts import LoopOptions, RunParts
from training.engine.system_settings import IntegralLoss, KdNetLoss, RegressionLoss, StarLoss, SystemRun
from training.engine.world import World, pick_device
from training.losses.feature import Adapters
from training.losses.map_targets import contours_of
from training.losses.shape_model import fit_shape_model
from training.models import build_model
from training.models.attention_net import AttentionNet
from training.models.coordinate_net import CoordinateNet
from training.models.initial import load_initial, take_weights
from training.models.integral_net import IntegralNet
from training.models.pretrained import load_pretrained
from training.tasks import Task
from training.tasks.efficient_fan import IntegralTask
from training.tasks.kd_net import KdNetTask, RegressionTask
from training.tasks.star_swin import StarTask

NETWORKS: dict[str, type[nn.Module]] = {
    "regression": CoordinateNet,
    "kd_net": CoordinateNet,
    "star": AttentionNet,
    "integral": IntegralNet,
}
"""What each task trains and is taught by."""

SHAPES_AT_MOST = 5000
"""Faces that a shape model is fitted to, evenly through the pack: more do not move it."""


def check_network(model: nn.Module, task: str, name: str) -> None:
    """A task can only train, or be taught by, its own kind of network.

    Raises:
        BadInputError: another kind.
    """
    wanted = NETWORKS[task]
    if not isinstance(model, wanted):
        raise BadInputError(
            f"{name} is a {type(model).__name__}, task {task} wants a {wanted.__name__}; "
            "see training/configs/"
        )


def load_teacher(settings: SystemRun, name: str, runs: Path, device: torch.device) -> nn.Module:
    """A finished run's network, frozen.

    Raises:
        BadInputError: the run is not finished, or of another kind, scheme or input.
    """
    teacher, taught = load_network(runs / name / "network.pt")
    check_network(teacher, settings.task, f"teacher {name}")
    if (taught.scheme, taught.model.input_side) != (settings.scheme, settings.model.input_side):
        raise BadInputError(
            f"teacher {name} has scheme {taught.scheme} and input {taught.model.input_side}, "
            f"wanted {settings.scheme} and {settings.model.input_side}"
        )
    return placed(teacher.requires_grad_(False), device)


def make_adapters(settings: IntegralLoss, model: IntegralNet, teacher: IntegralNet | None) -> Adapters | None:
    """From the student's stage widths to the teacher's, where features are aligned.

    Raises:
        BadInputError: maps of another size.
    """
    if teacher is None or not settings.feature:
        return None
    return Adapters(model.stage_widths, teacher.stage_widths)


def make_task(
    settings: SystemRun,
    model: nn.Module,
    teachers: dict[str, nn.Module],
    pack: FacePack,
    device: torch.device,
) -> tuple[Task, nn.Module | None]:
    """The task, and what is trained beside the network but not deployed; all networks are of its kind."""
    teacher = teachers.get("teacher")
    match settings.loss:
        case RegressionLoss() as loss:
            shapes = None
            if loss.variance_share:
                chosen = np.linspace(0, len(pack.landmarks) - 1, min(len(pack.landmarks), SHAPES_AT_MOST))
                shapes = fit_shape_model(pack.landmarks[chosen.astype(int)], loss.variance_share).to(device)
            return RegressionTask(model, loss, shapes), None
        case KdNetLoss() as loss:
            return KdNetTask(model, loss, teachers), None
        case StarLoss() as loss:
            told = cast("AttentionNet | None", teacher)
            if told is not None and isinstance(model, AttentionNet):
                model.start_from(told)
            return StarTask(cast("AttentionNet", model), loss, contours_of(settings.scheme), told), None
        case IntegralLoss() as loss:
            student, taught_by = cast("IntegralNet", model), cast("IntegralNet | None", teacher)
            adapters = make_adapters(loss, student, taught_by)
            adapters = None if adapters is None else adapters.to(device)
            return IntegralTask(student, loss, taught_by, adapters), adapters


def start_network(settings: SystemRun, runs: Path) -> nn.Module:
    """The network as the run finds it: random by its seed, then what fits of the run it starts from.

    Raises:
        BadInputError: a network of another kind, or a start that is not finished or does not fit.
    """
    torch.manual_seed(settings.seed)
    model = build_model(settings.model, SCHEMES[settings.scheme].count)
    check_network(model, settings.task, f"run {settings.name}'s network")
    if settings.model.pretrained:
        load_pretrained(model)
    if settings.start:
        begun = load_values(runs / settings.start / "network.pt")["weights"]
        take_weights(model, begun, f"start {settings.start}")
    return model


def make_system_parts(
    settings: SystemRun, data: Path | None, runs: Path, world: World, options: LoopOptions
) -> RunParts:
    """Build everything a run needs on the device at hand.

    Raises:
        BadInputError: unknown scheme, unusable data, missing teacher, a network of another kind.
    """
    if settings.scheme not in SCHEMES:
        raise BadInputError(f"scheme {settings.scheme!r} is unknown, known: {', '.join(SCHEMES)}")
    device, scheme = pick_device(), SCHEMES[settings.scheme]
    model = start_network(settings, runs)
    if options.initial is not None:
        load_initial(model, options.initial)
    # A teacher that is missing is found before anything is packed.
    teachers = {role: load_teacher(settings, name, runs, device) for role, name in settings.teachers.items()}
    pack, validation, notes = load_faces(settings, data, runs / "packs", strict_counts=options.strict_counts)
    model = placed(world.synchronised(model), device)
    average = placed(build_model(settings.model, scheme.count), device)
    task, extra = make_task(settings, model, teachers, pack, device)
    return RunParts(
        settings,
        compiled(model, settings.engine),
        average,
        task,
        make_augmenter(settings, pack, device),
        face_weights(pack.sources, shares_of(settings.data)).to(device),
        validation,
        runs / settings.name,
        extra=extra,
        world=world,
        options=options,
        notes=tuple(notes),
    )


def train_system(
    settings: SystemRun, data: Path | None, runs: Path, options: LoopOptions | None = None
) -> dict[str, float]:
    """Train a run to its end, resuming it if it was cut off; NME by validation set, fractions."""
    world, options = World(), options or LoopOptions()
    return Loop(make_system_parts(settings, data, runs, world, options)).run()
