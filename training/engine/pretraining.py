"""From a run file of task `pretrain` to what the loop runs: every picture at hand, and no labels."""

from pathlib import Path
from typing import cast

import torch

from device.contract.errors import BadInputError
from device.contract.files import sha256_of
from device.contract.landmarks import SCHEMES
from device.contract.provenance import FREE, Source, merged
from training.data.augment import Augmenter, TensorPack
from training.data.crops import CropSet, cut_crops
from training.data.pack import FacePack, load_pack
from training.data.sets.origins import origins_of
from training.data.unlabelled import read_unlabelled
from training.engine.faces import face_weights, shares_of
from training.engine.precision import compiled, placed
from training.engine.run_parts import LoopOptions, RunParts
from training.engine.settings import RunSettings
from training.engine.sources import TRUNK, sources_of_weights
from training.engine.world import World
from training.models import build_model
from training.models.pretrained import package_file
from training.tasks import TaskContext
from training.tasks.pretrain import PretrainTask
from training.tasks.registry import task_kind

FIGURE = "unexplained"
"""As the log calls it: the share of the teacher's variance that is not found."""


def load_pictures(
    settings: RunSettings, data: Path | None, cache: Path, *, strict_counts: bool = False
) -> tuple[FacePack, CropSet, list[str]]:
    """What a pretraining sees, what it reports on, and notes on the sets for its log.

    Args:
        settings: the run.
        data: folder with the data sets.
        cache: where packs are kept.
        strict_counts: a set that is not of its published size is an error.

    Raises:
        BadInputError: no folder was given, or it holds no pictures or none that are held out.
    """
    if data is None:
        raise BadInputError(f"run {settings.name} learns from a data folder: give --data FOLDER")
    split = read_unlabelled(data, strict_counts=strict_counts)
    if not split.validation:
        raise BadInputError(f"{data} holds out no face to report on: see training/README.md, Data")
    pack = load_pack(split.train, settings.data.context, settings.data.side, cache)
    return pack, cut_crops(split.validation, settings.margin, settings.model.input_side), split.notes


def make_pretraining_parts(
    settings: RunSettings,
    model: torch.nn.Module,
    data: Path | None,
    runs: Path,
    *,
    world: World,
    options: LoopOptions,
) -> RunParts:
    """Build everything a pretraining needs on the device that the model is on.

    Raises:
        BadInputError: unusable data, or the teacher's package is not installed.
    """
    device = next(model.parameters()).device
    pack, validation, notes = load_pictures(
        settings, data, runs / "packs", strict_counts=options.strict_counts
    )
    scheme = SCHEMES[settings.scheme]
    context = TaskContext(model, settings.loss, scheme, {}, pack.landmarks, device)
    task = cast("PretrainTask", task_kind(settings.task).build(context))
    tensors = TensorPack(
        torch.from_numpy(pack.images).to(device),
        torch.from_numpy(pack.landmarks).to(device),
        torch.from_numpy(pack.backgrounds).to(device),
        pack.context,
    )
    # Two corners of a box, which nobody learns: mirrored, they need no other names.
    order = torch.arange(pack.landmarks.shape[1], device=device)
    side = settings.model.input_side
    return RunParts(
        settings,
        compiled(model, settings.engine),
        placed(build_model(settings.model, scheme.count), device),
        task,
        Augmenter(tensors, settings.augment, side, settings.margin, order),
        face_weights(pack.sources, shares_of(settings.data)).to(device),
        validation,
        runs / settings.name,
        measure=lambda trunk, crops, _: task.unexplained(trunk, crops),
        draw=lambda *_: None,
        figure=FIGURE,
        world=world,
        options=options,
        notes=tuple(notes),
        sources=merged(
            sources_of_weights(settings, (), runs, options),
            [
                Source(
                    TRUNK,
                    FREE[TRUNK],
                    sha256_of(package_file(settings.loss.teacher)),
                    "features learnt from it",
                )
            ],
            origins_of(pack.names, list(pack.landmarks), pack.sources, "pictures"),
        ),
    )
