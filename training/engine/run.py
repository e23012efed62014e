"""From a run file and a data folder to a finished run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES, LandmarkScheme
from training.data.augment import Augmenter, TensorPack
from training.data.pack import FacePack, load_pack
from training.data.sets import USUAL_SETS, Split, read_data_folder
from training.data.turned.pack import load_turned
from training.data.turned.turned import TurnSettings
from training.data.validation import CropSet, cut_crops
from training.engine.checkpoint import load_network
from training.engine.loop import Loop
from training.engine.precision import compiled, placed
from training.engine.run_parts import LoopOptions, RunParts
from training.engine.settings import TURNED, DataSettings, RunSettings
from training.engine.system_settings import SystemRun
from training.engine.world import World, pick_device
from training.models import ModelSettings, build_model
from training.models.committee import Committee
from training.models.growth import grow
from training.models.initial import load_initial
from training.models.landmark_student import DECODER
from training.models.pretrained import load_pretrained
from training.tasks import Task
from training.tasks.distillation import DistillationTask
from training.tasks.supervised import SupervisedTask


def read_run_data(settings: RunSettings | SystemRun, data: Path, *, strict_counts: bool = False) -> Split:
    """The sets that a run names in [data] weights, or the usual ones.

    Raises:
        BadInputError: no data, or a damaged set.
    """
    sets = settings.data.sets or USUAL_SETS
    return read_data_folder(data, settings.scheme, sets, strict_counts=strict_counts)


def load_faces(
    settings: RunSettings | SystemRun, data: Path | None, cache: Path, *, strict_counts: bool = False
) -> tuple[FacePack, CropSet, list[str]]:
    """What a run trains on, what it reports on, and notes on the sets for its log.

    Args:
        settings: the run.
        data: folder with the data sets; None for drawn faces.
        cache: where packs are kept.
        strict_counts: a set that is not of its published size is an error.

    Raises:
        BadInputError: a run that wants a data folder was given none, or a damaged one.
    """
    wanted = settings.data
    if wanted.kind == "synthetic":
        from training.data.synthetic_set import make_synthetic_set

        return *make_synthetic_set(wanted, settings.margin, settings.model.input_side, cache), []
    if wanted.kind != "folder":
        raise BadInputError(f"[data] kind is {wanted.kind!r}, known: folder, synthetic")
    if data is None:
        raise BadInputError(f"run {settings.name} learns from a data folder: give --data FOLDER")
    split = read_run_data(settings, data, strict_counts=strict_counts)
    pack, notes = load_pack(split.train, wanted.context, wanted.side, cache), split.notes
    if wanted.turned:
        turn = TurnSettings(wanted.turned_yaw, wanted.context, wanted.side)
        turned, left_out = load_turned(split.train, wanted.turned, turn, cache)
        pack, notes = pack.joined(turned), notes + left_out
    return pack, cut_crops(split.validation, settings.margin, settings.model.input_side), notes


def face_weights(sources: Sequence[str], shares: dict[str, float]) -> torch.Tensor:
    """(N,) probability of each face, so that each named set has its share of a batch.

    Raises:
        BadInputError: a share for a set that is not there, or no share left for one that is.
    """
    counts = {source: sources.count(source) for source in set(sources)}
    unknown = sorted(set(shares) - set(counts))
    if unknown:
        raise BadInputError(f"[data] weights names {unknown[0]!r}, the data has: {', '.join(sorted(counts))}")
    chosen = shares or {source: float(count) for source, count in counts.items()}
    if set(chosen) != set(counts):
        raise BadInputError(f"[data] weights must name every set or none: {', '.join(sorted(counts))}")
    weights = np.array([chosen[source] / counts[source] for source in sources], np.float32)
    return torch.from_numpy(weights / weights.sum())


def shares_of(data: DataSettings) -> dict[str, float]:
    """Shares of the sets in a batch; drawn faces are one set."""
    return {} if data.kind == "synthetic" else data.weights


@dataclass(frozen=True, eq=False)
class Teacher:
    """A finished run's network, which stays as it is."""

    network: torch.nn.Module
    side: int
    """Of its input, pixels."""


def load_teacher(settings: RunSettings, runs: Path, device: torch.device) -> Teacher | None:
    """The teacher that the run names, if any; several are one committee.

    Raises:
        BadInputError: a teacher's run is not finished, or of another scheme, or all have smaller inputs.
    """
    if not settings.teachers:
        return None
    loaded = [load_network(runs / name / "network.pt") for name in settings.teachers]
    sides = [taught.model.input_side for _, taught in loaded]
    for name, (_, taught) in zip(settings.teachers, loaded, strict=True):
        if taught.scheme != settings.scheme:
            raise BadInputError(f"teacher {name} has scheme {taught.scheme}, wanted {settings.scheme}")
    if max(sides) < settings.model.input_side:
        raise BadInputError(
            f"teacher {settings.teacher} has input {max(sides)}, wanted {settings.model.input_side} or more"
        )
    networks = [network for network, _ in loaded]
    check_features(settings, [taught.model for _, taught in loaded])
    teacher = networks[0] if len(networks) == 1 else Committee(networks, sides)
    return Teacher(placed(teacher, device), max(sides))


def check_features(settings: RunSettings, teachers: Sequence[ModelSettings]) -> None:
    """A student that compares features has one teacher with features like its own.

    Raises:
        BadInputError: several teachers, or one whose last features are of another number.
    """
    if not settings.loss.compares_features:
        return
    ours, *kinds = (
        (model.family, tuple(model.arguments.get("decoder", DECODER)[-1:]))
        for model in (settings.model, *teachers)
    )
    if kinds != [ours]:
        raise BadInputError(
            f"run {settings.name} compares features, so it wants one teacher whose decoder ends as its own "
            f"({ours}), got {kinds}; name another teacher or leave distill_feature and distill_patch out"
        )


def make_task(settings: RunSettings, model: torch.nn.Module, teacher: Teacher | None) -> Task:
    """Supervised, or distillation when there is a teacher."""
    scheme = SCHEMES[settings.scheme]
    if teacher is None:
        return SupervisedTask(model, scheme, settings.loss)
    return DistillationTask(model, teacher.network, scheme, settings.loss)


def start_model(settings: RunSettings, runs: Path) -> torch.nn.Module:
    """The network as the run finds it: random by its seed, or another run's, grown if it is smaller.

    Raises:
        BadInputError: the other run is not finished, or its network cannot become this one.
    """
    torch.manual_seed(settings.seed)
    fresh = build_model(settings.model, SCHEMES[settings.scheme].count)
    if not settings.start:
        if settings.model.pretrained:
            load_pretrained(fresh)
        return fresh
    begun, made = load_network(runs / settings.start / "network.pt")
    told, wanted = (made.model.family, made.scheme), (settings.model.family, settings.scheme)
    # Its input may be another: convolutions are of no size.
    if told != wanted:
        raise BadInputError(
            f"run {settings.name} starts from {settings.start}, which has family and scheme {told}, "
            f"wanted {wanted}"
        )
    return grow(begun, fresh)


def known_labels(
    sources: Sequence[str], scheme: LandmarkScheme, taught_only: Sequence[str] = ()
) -> torch.Tensor | None:
    """(N, K) 1 where a face's labels are to be learnt, else 0; None: everywhere.

    Where a turned head's jaw would be labelled is the surface's guess: learnt, it makes real jaws worse.
    """
    if not {TURNED, *taught_only}.intersection(sources):
        return None
    known = torch.ones(len(sources), scheme.count)
    known[[source in taught_only for source in sources]] = 0.0
    turned = torch.tensor([source == TURNED for source in sources])
    known[:, list(scheme.groups["jaw"])] *= 1 - turned.float()[:, None]
    return known


def make_augmenter(
    settings: RunSettings | SystemRun, pack: FacePack, device: torch.device, view_side: int = 0
) -> Augmenter:
    """The pack on the tensor device, and what cuts crops out of it, with a view for a teacher."""
    scheme = SCHEMES[settings.scheme]
    known = known_labels(pack.sources, scheme, settings.data.taught_only)
    on_device = TensorPack(
        torch.from_numpy(pack.images).to(device),
        torch.from_numpy(pack.landmarks).to(device),
        torch.from_numpy(pack.backgrounds).to(device),
        pack.context,
        None if known is None else known.to(device),
    )
    order = torch.from_numpy(scheme.mirror_order).to(device)
    side = settings.model.input_side
    return Augmenter(on_device, settings.augment, side, settings.margin, order, view_side=view_side)


def make_parts(
    settings: RunSettings, data: Path | None, runs: Path, world: World, options: LoopOptions
) -> RunParts:
    """Build everything a run needs on the device at hand.

    Raises:
        BadInputError: unknown scheme, unusable data, missing teacher.
    """
    if settings.scheme not in SCHEMES:
        raise BadInputError(f"scheme {settings.scheme!r} is unknown, known: {', '.join(SCHEMES)}")
    device, scheme = pick_device(), SCHEMES[settings.scheme]
    pack, validation, notes = load_faces(settings, data, runs / "packs", strict_counts=options.strict_counts)
    model = start_model(settings, runs)
    if options.initial is not None:
        load_initial(model, options.initial)
    model = placed(world.synchronised(model), device)
    average = placed(build_model(settings.model, scheme.count), device)
    teacher = load_teacher(settings, runs, device)
    return RunParts(
        settings,
        compiled(model, settings.engine),
        average,
        make_task(settings, model, teacher),
        make_augmenter(settings, pack, device, teacher.side if teacher else 0),
        face_weights(pack.sources, shares_of(settings.data)).to(device),
        validation,
        runs / settings.name,
        world=world,
        options=options,
        notes=tuple(notes),
    )


def train_run(
    settings: RunSettings, data: Path | None, runs: Path, options: LoopOptions | None = None
) -> dict[str, float]:
    """Train a run to its end, resuming it if it was cut off; NME by validation set, fractions."""
    world, options = World(), options or LoopOptions()
    return Loop(make_parts(settings, data, runs, world, options)).run()
