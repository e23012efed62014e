"""The same network in four forms, each a function from a crop to raw outputs.

Letters: H, W pixels of the crop (cells of the heatmap where said), K landmarks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.handover.network import load_network
from device.contract.manifest import ModelManifest
from device.contract.tensors import TensorSpec


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the network says of one crop, in real numbers."""

    heatmap: NDArray[np.float32]
    """(H, W, K) raw maps, cells."""
    presence: float
    """Logit."""


Runner = Callable[[NDArray[np.uint8]], Outputs]
"""(H, W, 3) uint8 BGR crop to Outputs."""


def real_nchw(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) uint8 to (1, 3, H, W) float32, real = (pixel - 128) / 128."""
    real = (crop.astype(np.float32) - 128) / 128
    return np.ascontiguousarray(real.transpose(2, 0, 1)[None])


Maps = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], ...]]
"""(H, W, 3) uint8 BGR crop to every output in reals, batch dropped, channels last."""


def _channels_last(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1, C, H, W) to (H, W, C); any other output only loses its batch."""
    return np.ascontiguousarray(output[0].transpose(1, 2, 0)) if output.ndim == 4 else output[0]


def pytorch_maps(network: Path) -> Maps:
    """The exported program itself: what the other three are held against."""
    import torch

    module = load_network(network).module()

    def run(crop: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        with torch.inference_mode():
            outputs = module(torch.from_numpy(real_nchw(crop)))
        return tuple(_channels_last(output.numpy()) for output in outputs)

    return run


def onnx_maps(model: Path) -> Maps:
    """ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(crop: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        return tuple(_channels_last(output) for output in session.run(None, {name: real_nchw(crop)}))

    return run


def tflite_maps(model: Path, taken: TensorSpec, pixel_offset: int, given: Sequence[TensorSpec]) -> Maps:
    """LiteRT on one thread, tensors found and dequantised as the manifest says.

    Args:
        model: the file.
        taken: its input.
        pixel_offset: real = (pixel - pixel_offset) / 128.
        given: its outputs, in the order wanted.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(model), num_threads=1)
    interpreter.allocate_tensors()
    places = {
        details["name"]: details["index"]
        for details in (*interpreter.get_input_details(), *interpreter.get_output_details())
    }

    def run(crop: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        real = (crop[None].astype(np.float32) - np.float32(pixel_offset)) / 128
        interpreter.set_tensor(places[taken.name], taken.quantise(real))
        interpreter.invoke()
        return tuple(spec.dequantise(interpreter.get_tensor(places[spec.name]))[0] for spec in given)

    return run


def _landmark_runner(maps: Maps) -> Runner:
    """Heatmap and presence of a landmark network's outputs."""

    def run(crop: NDArray[np.uint8]) -> Outputs:
        heatmap, presence = maps(crop)
        return Outputs(heatmap, float(presence.reshape(())))

    return run


def pytorch_runner(network: Path) -> Runner:
    """A landmark network as the exported program."""
    return _landmark_runner(pytorch_maps(network))


def onnx_runner(model: Path) -> Runner:
    """A landmark network as ONNX."""
    return _landmark_runner(onnx_maps(model))


def tflite_runner(model: Path, manifest: ModelManifest) -> Runner:
    """A landmark network as TFLite, float or int8."""
    given = (manifest.heatmap, manifest.presence)
    return _landmark_runner(tflite_maps(model, manifest.input, manifest.pixel_offset, given))
