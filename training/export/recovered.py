"""A finished run made from a model that ships, to train on from where its own run is not at hand.

`python -m convert weights` dequantises the int8 file's weights, layer by layer. Here they are put into the
run file's network, and BatchNorm, which conversion folded into them, is set to the identity on training
faces, so that it can learn from batches again.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from device.contract.arrays import read_arrays
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import SCHEMES
from device.contract.provenance import Source, merged
from training.data.crops import to_tensor
from training.engine.checkpoint import UNRECORDED, save_network
from training.engine.settings import CommonSettings, RunSettings
from training.engine.validation import validation_nme
from training.export.handover_faces import handover_faces
from training.models import build_model

Layer = tuple[Tensor, Tensor]
"""Weights, (O, I, H, W) or (O, I), and the (O,) bias of a folded layer."""

Weighted: TypeAlias = nn.Conv2d | nn.Linear | nn.BatchNorm2d
"""Modules that a folded layer is made of."""


def read_layers(path: Path) -> list[Layer]:
    """The layers that `python -m convert weights` wrote, in the graph's order.

    Raises:
        BadInputError: no such file, or not one of these.
    """
    remedy = "`python -m convert weights` writes it"
    arrays = read_arrays(path, remedy=remedy)
    if not arrays or len(arrays) % 2:
        raise BadInputError(f"{path} has {len(arrays)} arrays, wanted pairs; {remedy}")
    tensors = [torch.from_numpy(array) for array in arrays]
    return list(zip(tensors[::2], tensors[1::2], strict=True))


def weighted_modules(model: nn.Module, image: Tensor) -> list[Weighted]:
    """Convolutions, linear layers and BatchNorms in the order in which a forward pass meets them."""
    met: list[Weighted] = []
    hooks = [
        module.register_forward_hook(lambda module, *_: met.append(module))
        for module in model.modules()
        if isinstance(module, Weighted)
    ]
    with torch.no_grad():
        model.eval()(image)
    for hook in hooks:
        hook.remove()
    return met


def _not_none(value: Tensor | None) -> Tensor:
    """A bias or statistics that the type allows to be missing, and that these modules have."""
    assert value is not None
    return value


@torch.no_grad()
def _take(module: nn.Conv2d | nn.Linear, norm: nn.BatchNorm2d | None, layers: list[Layer]) -> None:
    """Put the first layer of this module's shape into it; its bias into the BatchNorm behind it, if any.

    Branches may stand in another order in the file; those of one shape follow one another here.
    """
    wanted = tuple(module.weight.shape)
    place = next((number for number, (weight, _) in enumerate(layers) if tuple(weight.shape) == wanted), None)
    if place is None:
        raise BadInputError(
            f"the file has no layer of shape {wanted} left: name the run file it was trained with"
        )
    weight, bias = layers.pop(place)
    module.weight.copy_(weight)
    _not_none(module.bias if norm is None else norm.bias).copy_(bias)


def take_layers(model: nn.Module, layers: Sequence[Layer], input_wh: tuple[int, int]) -> list[nn.BatchNorm2d]:
    """Fill a network with folded layers; gives its BatchNorms in order, their bias the folded layer's.

    Raises:
        BadInputError: the layers are not this network's.
    """
    width, height = input_wh
    met, left = weighted_modules(model, torch.zeros(1, 3, height, width)), list(layers)
    norms = []
    for module, after in zip(met, [*met[1:], None], strict=True):
        if isinstance(module, nn.BatchNorm2d):
            continue
        norm = after if isinstance(after, nn.BatchNorm2d) else None
        _take(module, norm, left)
        norms += [norm] if norm is not None else []
    if left:
        raise BadInputError(f"the file has {len(left)} layers more than the network: name its own run file")
    return norms


@torch.no_grad()
def make_identity(model: nn.Module, norms: Sequence[nn.BatchNorm2d], image: Tensor) -> None:
    """Set every BatchNorm to the identity plus the folded bias, with the statistics of `image`.

    y = (x - m) / s * g + b is x + bias for g = s and b = m + bias. Each depends on those before it, and none
    changes what passes through, so one pass sets all.
    """

    def set_statistics(norm: nn.BatchNorm2d, inputs: tuple[Tensor], given: Tensor) -> Tensor:
        del given
        passed, bias = inputs[0], norm.bias.clone()
        variance, mean = torch.var_mean(passed, dim=(0, 2, 3), correction=0)
        _not_none(norm.running_mean).copy_(mean)
        _not_none(norm.running_var).copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + bias)
        return passed + bias[:, None, None]

    hooks = [norm.register_forward_hook(set_statistics) for norm in norms]
    model.eval()(image)
    for hook in hooks:
        hook.remove()


def folder_to_recover(settings: CommonSettings, runs: Path) -> Path:
    """The folder of a run, which must not be there yet.

    Raises:
        BadInputError: it is.
    """
    folder = runs / settings.name
    if folder.exists():
        raise BadInputError(f"{folder} is there already; move it away to recover the run")
    return folder


def sources_with(recorded: Sequence[Source], read: Sequence[Source]) -> tuple[Source, ...]:
    """What a recovered run learnt from: what the model's manifest lists, and the faces read now.

    A model that was made before its sources were kept goes on as one of unknown sources.
    """
    return merged(recorded, read) if recorded else (UNRECORDED,)


def write_recovered(
    folder: Path,
    model: nn.Module,
    settings: CommonSettings,
    metrics: dict[str, float],
    sources: Sequence[Source],
) -> None:
    """Write network.pt and one row of the log, as if the run were finished.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    save_network(model, settings, metrics, folder / "network.pt", sources=sources)
    row = {"step": 0, "images": settings.optimiser.images, "recovered": True, **metrics}
    write_whole_bytes(folder / "log.jsonl", (json.dumps(row) + "\n").encode())


def with_learnt_labels(settings: RunSettings) -> RunSettings:
    """The run without the sets about which only a teacher was asked: their faces are not needed here."""
    left_out = settings.data.taught_only
    weights = {name: share for name, share in settings.data.weights.items() if name not in left_out}
    return replace(settings, data=replace(settings.data, weights=weights, taught_only=(), labels_only=()))


def recover_run(
    settings: RunSettings, weights: Path, data: Path | None, runs: Path, *, recorded: Sequence[Source] = ()
) -> dict[str, float]:
    """Write runs/NAME as if it were finished: network.pt, and one row of its log.

    Args:
        settings: the run file that the model was trained with.
        weights: its layers, from `python -m convert weights`.
        data: folder with the data sets; None for drawn faces.
        runs: all runs.
        recorded: what the model's manifest says that it learnt from.

    Returns:
        NME of each validation set, fractions.

    Raises:
        BadInputError: the run is there already, the weights are not its network's, or data is missing.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    folder = folder_to_recover(settings, runs)
    model = build_model(settings.model, SCHEMES[settings.scheme].count)
    side = settings.model.input_side
    norms = take_layers(model, read_layers(weights), (side, side))
    faces = handover_faces(with_learnt_labels(settings), data, runs / "packs")
    make_identity(model, norms, to_tensor(faces.calibration.crops, torch.device("cpu")))
    figures = validation_nme(model, faces.validation, SCHEMES[settings.scheme])
    metrics = {f"nme_{name}": nme for name, nme in figures.items()}
    write_recovered(folder, model, settings, metrics, sources_with(recorded, faces.sources))
    return figures
