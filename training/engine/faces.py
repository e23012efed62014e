"""The faces of a run: read, packed, and made into batches on the tensor device."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES, LandmarkScheme
from training.data.augment import Augmenter, TensorPack
from training.data.crops import CropSet, cut_crops
from training.data.pack import FacePack, load_pack
from training.data.sets import USUAL_SETS, Split, read_data_folder
from training.data.settings import TURNED, DataSettings
from training.data.turned.pack import load_turned
from training.data.turned.turned import TurnSettings
from training.engine.settings import RunSettings


def read_run_data(settings: RunSettings, data: Path, *, strict_counts: bool = False) -> Split:
    """The sets that a run names in [data] weights, or the usual ones.

    Raises:
        BadInputError: no data, or a damaged set.
    """
    sets = settings.data.sets or USUAL_SETS
    return read_data_folder(data, settings.scheme, sets, strict_counts=strict_counts)


def load_faces(
    settings: RunSettings, data: Path | None, cache: Path, *, strict_counts: bool = False
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


def check_sets(key: str, named: Iterable[str], present: Collection[str]) -> None:
    """Every data set that a run file names is there.

    Raises:
        BadInputError: one is not; a misspelt name would be passed over.
    """
    unknown = sorted(set(named) - set(present))
    if unknown:
        raise BadInputError(f"[data] {key} names {unknown[0]!r}, the data has: {', '.join(sorted(present))}")


def face_weights(sources: Sequence[str], shares: dict[str, float]) -> torch.Tensor:
    """(N,) probability of each face, so that each named set has its share of a batch.

    Raises:
        BadInputError: a share for a set that is not there, or no share left for one that is.
    """
    counts = {source: sources.count(source) for source in set(sources)}
    check_sets("weights", shares, counts)
    chosen = shares or {source: float(count) for source, count in counts.items()}
    if set(chosen) != set(counts):
        raise BadInputError(f"[data] weights must name every set or none: {', '.join(sorted(counts))}")
    weights = np.array([chosen[source] / counts[source] for source in sources], np.float32)
    return torch.from_numpy(weights / weights.sum())


def shares_of(data: DataSettings) -> dict[str, float]:
    """Shares of the sets in a batch; drawn faces are one set."""
    return {} if data.kind == "synthetic" else data.weights


def known_labels(
    sources: Sequence[str], scheme: LandmarkScheme, taught_only: Sequence[str] = ()
) -> torch.Tensor | None:
    """(N, K) 1 where a face's labels are to be learnt, else 0; None: everywhere.

    The jaw of a turned head is where the fitted surface guesses it: learnt, it makes real jaws worse.

    Raises:
        BadInputError: `taught_only` names a set that is not there, whose labels would be learnt after all.
    """
    check_sets("taught_only", taught_only, set(sources))
    if not {TURNED, *taught_only}.intersection(sources):
        return None
    known = torch.ones(len(sources), scheme.count)
    known[[source in taught_only for source in sources]] = 0.0
    turned = torch.tensor([source == TURNED for source in sources])
    known[:, list(scheme.groups["jaw"])] *= 1 - turned.float()[:, None]
    return known


def asked_faces(sources: Sequence[str], labels_only: Sequence[str]) -> torch.Tensor | None:
    """(N,) 1 for the faces of which teachers are asked, else 0; None: of all.

    Raises:
        BadInputError: `labels_only` names a set that is not there; teachers would be asked after all.
    """
    check_sets("labels_only", labels_only, set(sources))
    return torch.tensor([float(source not in labels_only) for source in sources]) if labels_only else None


def make_augmenter(
    settings: RunSettings, pack: FacePack, device: torch.device, view_side: int = 0
) -> Augmenter:
    """The pack on the tensor device, and what cuts crops out of it, with a view for a teacher."""
    scheme = SCHEMES[settings.scheme]
    known = known_labels(pack.sources, scheme, settings.data.taught_only)
    asked = asked_faces(pack.sources, settings.data.labels_only)
    on_device = TensorPack(
        torch.from_numpy(pack.images).to(device),
        torch.from_numpy(pack.landmarks).to(device),
        torch.from_numpy(pack.backgrounds).to(device),
        pack.context,
        None if known is None else known.to(device),
        None if asked is None else asked.to(device),
    )
    order = torch.from_numpy(scheme.mirror_order).to(device)
    side = settings.model.input_side
    return Augmenter(on_device, settings.augment, side, settings.margin, order, view_side=view_side)
