"""From a finder's run file and a data folder to a finished run."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from device.contract.errors import BadInputError
from device.contract.files import sha256_of, write_whole
from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.provenance import RESEARCH, Source, merged
from training.data.drawing import tile
from training.data.sets.origins import origins_of
from training.engine.checkpoint import load_values
from training.engine.faces import face_weights
from training.engine.loop import Loop
from training.engine.precision import placed
from training.engine.run_parts import LoopOptions, RunParts
from training.engine.sources import sources_of_weights
from training.engine.world import pick_device
from training.finder.augment import Composer, TensorPictures, make_pyramid
from training.finder.data import PictureSplit, read_pictures
from training.finder.pictures import PicturePack, load_pictures, make_grounds, mean_face
from training.finder.settings import FinderModelSettings, FinderRun, finder_run_from_values
from training.finder.task import RULE, FinderTask
from training.finder.validation import PictureSet, draw_found, find_in, make_picture_set, miss_rates
from training.models.finder_student import FinderStudent

FAMILIES: dict[str, type[nn.Module]] = {"finder_student": FinderStudent}
"""Every family a finder's run file may name."""
UNSEEN_GROUNDS = 200
"""Drawn grounds among the validation pictures, none of them trained on."""
DRAWN = 24
"""Pictures on the sheet of predictions."""


def build_finder(settings: FinderModelSettings) -> nn.Module:
    """A fresh network.

    Raises:
        BadInputError: an unknown family or an argument it does not take.
    """
    family = FAMILIES.get(settings.family)
    if family is None:
        raise BadInputError(f"model family {settings.family!r} is unknown, known: {', '.join(FAMILIES)}")
    try:
        return family(**settings.arguments)
    except TypeError as error:
        raise BadInputError(f"model {settings.family}: {error}; see training/models/") from error


def load_finder(path: Path) -> tuple[nn.Module, FinderRun]:
    """A finished run's network in evaluation mode, and its settings.

    Raises:
        BadInputError: no such file, or not a finder's.
    """
    values = load_values(path)
    settings = finder_run_from_values(values["settings"], str(path))
    model = build_finder(settings.model)
    try:
        model.load_state_dict(values["weights"])
    except (RuntimeError, KeyError) as error:
        raise BadInputError(f"{path}: weights do not fit {settings.model.family} ({error})") from error
    return model.eval(), settings


def to_device(pack: PicturePack, device: torch.device) -> TensorPictures:
    """The pack as tensors, with its pyramid."""
    return TensorPictures(
        [torch.from_numpy(level).to(device) for level in make_pyramid(pack.images)],
        torch.from_numpy(pack.sizes_wh).float().to(device),
        torch.from_numpy(pack.faces).to(device),
        torch.from_numpy(pack.kinds).to(device),
        torch.from_numpy(pack.grounds).to(device),
    )


def make_composer(pack: PicturePack, settings: FinderRun, device: torch.device) -> Composer:
    """What makes a run's canvases."""
    order = torch.from_numpy(SCHEMES[settings.scheme].mirror_order).to(device)
    return Composer(
        to_device(pack, device), settings.compose, settings.augment, settings.model.input_wh, order
    )


def load_run_pictures(
    settings: FinderRun, data: Path | None, teacher: Path | None, cache: Path
) -> tuple[PicturePack, PictureSet, tuple[Source, ...]]:
    """What a run learns from, what it reports on, and the sources of the first.

    Raises:
        BadInputError: no data folder or teacher was given, or one is damaged.
    """
    if settings.data.teacher == "none":
        teacher = None
    elif teacher is None:
        raise BadInputError(f"run {settings.name} learns from data and YuNet: give --data and --yunet")
    if data is None:
        raise BadInputError(f"run {settings.name} learns from a data folder: give --data FOLDER")
    split = read_pictures(data, tuple(settings.data.weights))
    mean = mean_face(split.train_samples, SCHEMES[settings.scheme])
    pack = load_pictures(split.train, mean, settings.data, teacher, cache)
    # Seeds of drawn grounds count up from 0; those from UNSEEN on are never trained on.
    side = settings.data.ground_side
    unseen = make_grounds(settings.data.made_grounds + UNSEEN_GROUNDS, side)[-UNSEEN_GROUNDS:]
    pictures = make_picture_set(split.validation, list(unseen), settings.model.input_wh)
    return pack, pictures, _sources_of(split, teacher)


def _sources_of(split: PictureSplit, teacher: Path | None) -> tuple[Source, ...]:
    """Of a split's pictures, and of the faces that a teacher found in them."""
    samples = split.train_samples
    labelled = origins_of(
        [sample.name for sample in samples],
        [sample.landmarks for sample in samples],
        [sample.source for sample in samples],
        "training",
    )
    if teacher is None:
        return merged(labelled)
    # Its code is Apache-2.0; what it knows it learnt from WIDER FACE, a research set.
    return merged(labelled, [Source("YuNet", RESEARCH, sha256_of(teacher), "teacher")])


def measure(model: nn.Module, pictures: PictureSet, scheme: LandmarkScheme) -> dict[str, float]:
    """The loop's figures."""
    del scheme
    return miss_rates(model, pictures, RULE)


def draw(model: nn.Module, pictures: PictureSet, scheme: LandmarkScheme, path: Path) -> None:
    """Pictures spread evenly over the validation set, as PNG."""
    del scheme
    chosen = np.linspace(0, len(pictures.inputs) - 1, min(DRAWN, len(pictures.inputs))).astype(int)
    found = find_in(model, pictures.inputs[chosen], RULE)
    drawn = [
        draw_found(pictures.inputs[index], pictures.boxes[index], faces)
        for index, faces in zip(chosen, found, strict=True)
    ]
    sheet = tile(drawn, columns=6)
    write_whole(path, lambda beside: cv2.imwrite(str(beside), sheet))


def start_finder(settings: FinderRun, runs: Path) -> nn.Module:
    """The network as the run finds it: random by its seed, or another run's.

    Raises:
        BadInputError: the other run is not finished, or its network is another.
    """
    torch.manual_seed(settings.seed)
    if not settings.start:
        return build_finder(settings.model)
    model, begun = load_finder(runs / settings.start / "network.pt")
    if begun.model != settings.model:
        raise BadInputError(
            f"run {settings.name} starts from {settings.start}, whose [model] is another: "
            "write the same in both run files"
        )
    return model


def make_parts(
    settings: FinderRun,
    pack: PicturePack,
    pictures: PictureSet,
    runs: Path,
    options: LoopOptions,
    *,
    sources: tuple[Source, ...] = (),
) -> RunParts:
    """Build everything the loop needs on the device at hand."""
    device, scheme = pick_device(), SCHEMES[settings.scheme]
    model = placed(start_finder(settings, runs), device)
    average = placed(build_finder(settings.model), device)
    return RunParts(
        settings,
        model,
        average,
        FinderTask(model, scheme, settings.loss),
        make_composer(pack, settings, device),
        face_weights(pack.sources, settings.data.weights).to(device),
        pictures,
        runs / settings.name,
        measure,
        draw,
        "missed",
        options=options,
        sources=merged(sources_of_weights(settings, (), runs, options), sources),
    )


def train_finder(
    settings: FinderRun,
    data: Path | None,
    teacher: Path | None,
    runs: Path,
    options: LoopOptions | None = None,
) -> dict[str, float]:
    """Train a run to its end, resuming it if it was cut off; missed shares by set, fractions."""
    pack, pictures, sources = load_run_pictures(settings, data, teacher, runs / "packs")
    return Loop(make_parts(settings, pack, pictures, runs, options or LoopOptions(), sources=sources)).run()
