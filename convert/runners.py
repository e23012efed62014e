"""The same network in four forms, each a function from a crop to raw outputs.

Letters: H, W pixels of the crop (cells of the heatmap where said), K landmarks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.network import load_network
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


def _outputs_nchw(heatmap: NDArray[np.float32], presence: NDArray[np.float32]) -> Outputs:
    return Outputs(np.ascontiguousarray(heatmap[0].transpose(1, 2, 0)), float(presence.reshape(())))


def pytorch_runner(network: Path) -> Runner:
    """The exported program itself: what the other three are held against."""
    import torch

    module = load_network(network).module()

    def run(crop: NDArray[np.uint8]) -> Outputs:
        with torch.inference_mode():
            heatmap, presence = module(torch.from_numpy(real_nchw(crop)))
        return _outputs_nchw(heatmap.numpy(), presence.numpy())

    return run


def onnx_runner(model: Path) -> Runner:
    """ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(crop: NDArray[np.uint8]) -> Outputs:
        heatmap, presence = session.run(None, {name: real_nchw(crop)})
        return _outputs_nchw(heatmap, presence)

    return run


def tflite_runner(model: Path, manifest: ModelManifest) -> Runner:
    """LiteRT on one thread, tensors found and dequantised as the manifest says."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(model), num_threads=1)
    interpreter.allocate_tensors()
    places = {
        details["name"]: details["index"]
        for details in (*interpreter.get_input_details(), *interpreter.get_output_details())
    }

    def read(spec: TensorSpec) -> NDArray[np.float32]:
        return spec.dequantise(interpreter.get_tensor(places[spec.name]))

    def run(crop: NDArray[np.uint8]) -> Outputs:
        real = (crop[None].astype(np.float32) - np.float32(manifest.pixel_offset)) / 128
        interpreter.set_tensor(places[manifest.input.name], manifest.input.quantise(real))
        interpreter.invoke()
        return Outputs(read(manifest.heatmap)[0], float(read(manifest.presence).reshape(())))

    return run
