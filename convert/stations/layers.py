"""What each layer of the int8 file loses: its output held against the same tensor of the float file.

Both files come from one SavedModel, so their tensors keep their names. The error is the accumulated one:
what a layer's output is off after everything before it, which is what the next layer sees.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.tflite.file import Graph, read_graph

WORST = 10
"""How many layers the reports name."""
NO_NOISE_DB = 120.0
"""Stands for a layer that is exactly right."""


@dataclass(frozen=True)
class LayerError:
    """One layer of the int8 file."""

    index: int
    """Of its operator in the int8 file."""
    operator: str
    shape: tuple[int, ...]
    signal_to_noise_db: float
    """10 log10 of the float output's power over the error's, dB."""
    largest_error: float
    """Real units."""
    mean_error: float
    """Signed, real units: a bias that the next layer adds up."""
    scale: float
    """Real units per step of its output."""

    def to_dict(self) -> dict[str, Any]:
        """As the report holds it."""
        return {**asdict(self), "shape": list(self.shape)}


class _Layers:
    """A model file all of whose tensors can be read after an inference."""

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # A delegate would swallow the tensors between.
        self._interpreter = Interpreter(
            str(model),
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]

    def run(self, crop: NDArray[np.uint8]) -> None:
        """(H, W, 3) uint8, by the project's rule for pixels."""
        shifted = crop[None].astype(np.int16) - 128
        values = shifted / np.float32(128) if self._input["dtype"] == np.float32 else shifted
        self._interpreter.set_tensor(self._input["index"], values.astype(self._input["dtype"]))
        self._interpreter.invoke()

    def reals(self, place: int, scale: float, zero_point: int) -> NDArray[np.float64]:
        """One tensor in real units."""
        values: NDArray[Any] = self._interpreter.get_tensor(place)
        return (values.astype(np.float64) - zero_point) * (scale or 1.0)


class _Sums:
    """Power of the signal and of the error, piece by piece."""

    def __init__(self) -> None:
        self.signal = self.noise = self.error = self.largest = 0.0
        self.count = 0

    def add(self, got: NDArray[np.float64], wanted: NDArray[np.float64]) -> None:
        off = got - wanted
        self.signal += float((wanted**2).sum())
        self.noise += float((off**2).sum())
        self.error += float(off.sum())
        self.largest = max(self.largest, float(np.abs(off).max()))
        self.count += off.size

    @property
    def decibels(self) -> float:
        if self.noise <= 0:
            return NO_NOISE_DB
        return min(10 * float(np.log10(max(self.signal, 1e-30) / self.noise)), NO_NOISE_DB)


def _shared(int8: Graph, real: Graph) -> Iterator[tuple[int, int, int]]:
    """Operators of the int8 file whose output the float file has too: operator, int8 and float tensor."""
    places = {tensor.name: place for place, tensor in enumerate(real.tensors) if not tensor.constant}
    for index, node in enumerate(int8.operators):
        made = node.outputs[0]
        tensor = int8.tensors[made]
        other = places.get(tensor.name)
        if other is not None and real.tensors[other].shape == tensor.shape and tensor.scales:
            yield index, made, other


def layer_errors(float_model: Path, int8_model: Path, crops: NDArray[np.uint8]) -> list[LayerError]:
    """Every layer that both files have, worst first.

    Args:
        float_model: float32 file.
        int8_model: int8 file of the same network.
        crops: (N, H, W, 3) uint8.
    """
    graph = read_graph(int8_model)
    pairs = list(_shared(graph, read_graph(float_model)))
    exact, rounded = _Layers(float_model), _Layers(int8_model)
    sums = {index: _Sums() for index, _, _ in pairs}
    for crop in crops:
        exact.run(crop)
        rounded.run(crop)
        for index, made, other in pairs:
            tensor = graph.tensors[made]
            got = rounded.reals(made, tensor.scales[0], tensor.zero_points[0])
            sums[index].add(got, exact.reals(other, 0.0, 0))
    layers = [_layer(graph, index, made, sums[index]) for index, made, _ in pairs]
    return sorted(layers, key=lambda layer: layer.signal_to_noise_db)


def _layer(graph: Graph, index: int, made: int, summed: _Sums) -> LayerError:
    tensor = graph.tensors[made]
    return LayerError(
        index=index,
        operator=graph.operators[index].name,
        shape=tensor.shape,
        signal_to_noise_db=summed.decibels,
        largest_error=summed.largest,
        mean_error=summed.error / max(summed.count, 1),
        scale=tensor.scales[0],
    )
