"""From a run file and a data folder to a finished run."""

import logging
from pathlib import Path

import torch
from torch import nn

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from device.contract.provenance import merged
from training.data.sets.origins import origins_of
from training.engine.checkpoint import is_saved, load_network, load_values
from training.engine.faces import face_weights, load_faces, make_augmenter, shares_of
from training.engine.loop import Loop
from training.engine.precision import compiled, placed
from training.engine.pretraining import make_pretraining_parts
from training.engine.run_parts import LoopOptions, RunParts
from training.engine.settings import RunSettings
from training.engine.sources import sources_of_weights
from training.engine.teachers import check_teachers, figures_of, load_teachers, weak_teachers
from training.engine.validation import FACE_ERRORS, validation_nme, write_face_errors
from training.engine.world import World, pick_device
from training.models import build_model
from training.models.growth import grow
from training.models.initial import load_initial, take_weights
from training.models.landmark_student import FeaturePyramid, LandmarkStudent
from training.models.pretrained import load_pretrained
from training.models.pruning import prune
from training.tasks import TaskContext
from training.tasks.registry import check_network, task_kind

LOG = logging.getLogger(__name__)


def start_model(settings: RunSettings, runs: Path) -> nn.Module:
    """The network as the run finds it: random by its seed, ImageNet's, or another run's.

    Raises:
        BadInputError: a network of another kind than the task's, or a start that is
            not finished or does not fit.
    """
    torch.manual_seed(settings.seed)
    fresh = build_model(settings.model, SCHEMES[settings.scheme].count)
    check_network(fresh, settings.task, f"run {settings.name}'s network")
    if not settings.start:
        if settings.model.pretrained:
            load_pretrained(fresh)
        return fresh
    path = runs / settings.start / "network.pt"
    values = load_values(path)
    made = values["settings"]
    # Its input may be another: convolutions are of no size.
    got = made.get("model", {}).get("family"), made.get("scheme")
    wanted = settings.model.family, settings.scheme
    if made.get("task") == "pretrain" or (got != wanted and not isinstance(fresh, FeaturePyramid)):
        # A trunk, mostly: what fits of it.
        take_weights(fresh, values["weights"], f"start {settings.start}")
        return fresh
    if got != wanted:
        raise BadInputError(
            f"run {settings.name} starts from {settings.start}, which has family and scheme {got}, "
            f"wanted {wanted}"
        )
    begun, _ = load_network(path)
    if isinstance(begun, LandmarkStudent) and isinstance(fresh, LandmarkStudent):
        return grow(prune(begun, fresh), fresh)
    return grow(begun.state_dict(), fresh)


def make_parts(
    settings: RunSettings, data: Path | None, runs: Path, world: World, options: LoopOptions
) -> RunParts:
    """Build everything a run needs on the device at hand.

    Raises:
        BadInputError: unknown scheme, unusable data, a missing or weak teacher, a network of another kind.
    """
    if settings.scheme not in SCHEMES:
        raise BadInputError(f"scheme {settings.scheme!r} is unknown, known: {', '.join(SCHEMES)}")
    device, scheme = pick_device(), SCHEMES[settings.scheme]
    model = start_model(settings, runs)
    if options.initial is not None:
        load_initial(model, options.initial)
    if settings.task == "pretrain":
        return make_pretraining_parts(
            settings, placed(world.synchronised(model), device), data, runs, world=world, options=options
        )
    # A teacher that is missing is found before anything is packed.
    teachers = load_teachers(settings, runs, device)
    pack, validation, notes = load_faces(settings, data, runs / "packs", strict_counts=options.strict_counts)
    model = placed(world.synchronised(model), device)
    if settings.teachers and not options.allow_weak_teacher:
        begun = validation_nme(model, validation, scheme)
        check_teachers(settings, runs, {f"nme_{source}": nme for source, nme in begun.items()})
    context = TaskContext(model, settings.loss, scheme, teachers.networks, pack.landmarks, device)
    kind = task_kind(settings.task)
    return RunParts(
        settings,
        compiled(model, settings.engine),
        placed(build_model(settings.model, scheme.count), device),
        kind.build(context),
        make_augmenter(settings, pack, device, teachers.side if kind.committee else 0),
        face_weights(pack.sources, shares_of(settings.data)).to(device),
        validation,
        runs / settings.name,
        world=world,
        options=options,
        notes=tuple(notes),
        sources=merged(
            sources_of_weights(settings, settings.teacher_runs, runs, options),
            origins_of(pack.names, list(pack.landmarks), pack.sources, "training"),
        ),
    )


def keep_face_errors(parts: RunParts) -> None:
    """Write a finished run's error on each validation face, unless that was done."""
    finished = parts.figure == "nme" and is_saved(parts.folder / "network.pt")
    if parts.world.leads and finished and not (parts.folder / FACE_ERRORS).is_file():
        write_face_errors(parts.average, parts.validation, SCHEMES[parts.settings.scheme], parts.folder)


def train_run(
    settings: RunSettings, data: Path | None, runs: Path, options: LoopOptions | None = None
) -> dict[str, float]:
    """Train a run to its end, resuming it if it was cut off; NME by validation set, fractions."""
    parts = make_parts(settings, data, runs, World(), options or LoopOptions())
    figures = Loop(parts).run()
    keep_face_errors(parts)
    for sentence in weak_teachers(settings, runs, settings.name, figures_of(runs / settings.name)):
        LOG.warning("run %s has passed its teacher: %s", settings.name, sentence)
    return figures
