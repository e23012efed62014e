"""A smaller network that begins with the channels of a larger one of its family which matter most.

Structured pruning (Li et al., ICLR 2017, arXiv 1608.08710): whole channels go, so what is left is an
ordinary, smaller network. Channels that are added to one another, as along a residual stream, stay or go
together. A channel matters by how far it moves what reads it: the spread of its activations, which is the
gain of the BatchNorm before it, times the norm of the weights that read it.

Blocks, merges and a context that the smaller network lacks are left out.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from training.models.landmark_student import Context, LandmarkStudent

State = dict[str, Tensor]


@dataclass(frozen=True)
class Unit:
    """A convolution with its BatchNorm, and the names of the channels it reads and writes."""

    name: str
    reads: str
    writes: str


def _units(network: LandmarkStudent) -> Iterator[Unit]:
    """Every convolution with a BatchNorm; channels of one name are added to one another."""
    yield Unit("stem", "image", "stem")
    before = "stem"
    for number, stage in enumerate(network.stages):
        own, name = f"stage {number}", f"stages.{number}"
        yield Unit(f"{name}.0", before, own)
        for block in range(1, len(list(stage.children()))):
            yield from _residual(f"{name}.{block}", own)
        before = own
    if isinstance(network.context, Context):
        yield Unit("context.down.0", before, "context")
        yield from _residual("context.down.1", "context")
        yield Unit("context.spread", "context", before)
    for number in range(len(network.merges)):
        name, joined, own = f"merges.{number}", f"joined {number}", f"merged {number}"
        yield Unit(f"{name}.narrow", before, joined)
        yield Unit(f"{name}.lateral", f"stage {len(network.stages) - 2 - number}", joined)
        yield Unit(f"{name}.mix", joined, own)
        before = own


def _residual(name: str, width: str) -> Iterator[Unit]:
    yield Unit(f"{name}.first", width, f"{name} inside")
    yield Unit(f"{name}.second", f"{name} inside", width)


def _axes(network: LandmarkStudent) -> dict[str, tuple[str, ...]]:
    """For each tensor with channels, the name of those along its first and second axis."""
    axes: dict[str, tuple[str, ...]] = {}
    for unit in _units(network):
        axes[f"{unit.name}.0.weight"] = (unit.writes, unit.reads)
        for part in ("weight", "bias", "running_mean", "running_var"):
            axes[f"{unit.name}.1.{part}"] = (unit.writes,)
    axes["presence.weight"] = ("presence", f"stage {len(network.stages) - 1}")
    axes["heatmap.weight"] = ("landmarks", f"merged {len(network.merges) - 1}")
    return axes


def _importance(state: State, axes: dict[str, tuple[str, ...]]) -> dict[str, Tensor]:
    """What each channel of each name moves."""
    spread: dict[str, Tensor | float] = defaultdict(float)
    read: dict[str, Tensor | float] = defaultdict(float)
    for tensor, names in axes.items():
        if tensor.endswith(".1.weight"):
            spread[names[0]] = spread[names[0]] + state[tensor].square()
        elif len(names) > 1:
            read[names[1]] = read[names[1]] + state[tensor].transpose(0, 1).flatten(1).square().sum(1)
    return {name: (value * read[name]) ** 0.5 for name, value in spread.items()}


def prune(large: LandmarkStudent, small: LandmarkStudent) -> State:
    """The weights of `large`, restricted to the channels and parts that `small` has room for.

    Args:
        large: trained.
        small: of the shape that is wanted; it is not changed. Where it is the larger one, nothing is cut.

    Returns:
        Tensors by their names in `small`, each along no axis longer than there.
    """
    state, axes = large.state_dict(), _axes(large)
    wanted, wanted_axes = small.state_dict(), _axes(small)
    room = {
        name: length
        for tensor, names in wanted_axes.items()
        for name, length in zip(names, wanted[tensor].shape, strict=False)
    }
    kept = {
        name: value.topk(min(room.get(name, 0), len(value))).indices.sort().values
        for name, value in _importance(state, axes).items()
    }
    # A tensor whose channels are others in the smaller network is left out: maps of another stride need a
    # head of their own.
    return {
        name: _restricted(value, [kept.get(axis) for axis in axes.get(name, ())])
        for name, value in state.items()
        if name in wanted and axes.get(name) == wanted_axes.get(name)
    }


def _restricted(value: Tensor, kept: list[Tensor | None]) -> Tensor:
    for axis, indices in enumerate(kept):
        if indices is not None:
            value = value.index_select(axis, indices)
    return value
