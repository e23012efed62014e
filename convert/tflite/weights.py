"""The weights of a .tflite file as real numbers, so that training can go on from a model that ships.

What int8 has rounded stays rounded, by up to half a step of each channel's scale. BatchNorm is folded in.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.tflite.file import Graph, Tensor, read_graph
from device.contract.arrays import write_arrays
from device.contract.errors import BadInputError

Weights = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of one layer: (O, I, H, W) or (O, I), and the (O,) bias."""


def real_values(tensor: Tensor) -> NDArray[np.float32]:
    """A constant's real numbers: scale * (value - zero point), by channel where it has a scale for each.

    Raises:
        BadInputError: its values are not in the file.
    """
    if tensor.values is None:
        raise BadInputError(f"tensor {tensor.name} holds no values; give a .tflite file that convert wrote")
    if not tensor.scales:
        return np.asarray(tensor.values, np.float32)
    by_channel = (-1,) + (1,) * (len(tensor.shape) - 1) if len(tensor.scales) > 1 else ()
    scales = np.reshape(np.array(tensor.scales), by_channel)
    zeros = np.reshape(np.array(tensor.zero_points), by_channel)
    return np.asarray(scales * (tensor.values.astype(np.float64) - zeros), np.float32)


def layers_of(graph: Graph) -> Iterator[Weights]:
    """Weights of convolutions and fully connected layers, as PyTorch lays them out, in the graph's order.

    Raises:
        BadInputError: a layer without constant weights or bias, or of a kind that no student has.
    """
    for node in graph.operators:
        if node.name in ("DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"):
            raise BadInputError(
                f"the file has a {node.name}, wanted ordinary convolutions: give a shipped student"
            )
        if node.name not in ("CONV_2D", "FULLY_CONNECTED"):
            continue
        if len(node.inputs) < 3 or node.inputs[2] < 0:
            raise BadInputError(
                f"a {node.name} of the file has no bias; give a .tflite file that convert wrote"
            )
        weight, bias = (real_values(graph.tensors[place]) for place in node.inputs[1:3])
        # TFLite has (O, H, W, I).
        yield (weight.transpose(0, 3, 1, 2) if weight.ndim == 4 else weight), bias


def write_float_weights(model: Path, path: Path) -> int:
    """Write `000.weight`, `000.bias`, `001.weight` and so on as an .npz; gives the number of layers.

    Raises:
        BadInputError: not a .tflite file, or one with other layers.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    layers = list(layers_of(read_graph(model)))
    if not layers:
        raise BadInputError(f"{model} has no layer with weights; give a shipped student")
    named: dict[str, Any] = {
        f"{number:03}.{kind}": values
        for number, layer in enumerate(layers)
        for kind, values in zip(("weight", "bias"), layer, strict=True)
    }
    write_arrays(path, **named)
    return len(layers)
