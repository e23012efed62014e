"""The network in its forms, each a function from a crop to its outputs in real numbers.

Letters: H, W pixels of the crop, K landmarks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.handover.arrays import Reference
from device.contract.decoding import LandmarkDecoder
from device.contract.manifest import ModelManifest
from device.contract.tensors import TensorSpec


@dataclass(frozen=True, eq=False)
class Reading:
    """A landmark network's decoded output for one crop."""

    landmarks_crop: NDArray[np.float32]
    """(K, 2) pixels of the crop."""
    presence: float
    """Logit."""


Form = Callable[[NDArray[np.uint8]], Reading]
"""(H, W, 3) uint8 BGR crop to Reading."""

Maps = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], ...]]
"""(H, W, 3) uint8 BGR crop to every output in reals, batch dropped, channels last."""


def real_nchw(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) uint8 to (1, 3, H, W) float32, real = (pixel - 128) / 128."""
    real = (crop.astype(np.float32) - 128) / 128
    return np.ascontiguousarray(real.transpose(2, 0, 1)[None])


def _channels_last(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1, C, H, W) to (H, W, C); any other output only loses its batch."""
    return np.ascontiguousarray(output[0].transpose(1, 2, 0)) if output.ndim == 4 else output[0]


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


def tflite_maps(model: Path, image: TensorSpec, pixel_offset: int, outputs: Sequence[TensorSpec]) -> Maps:
    """LiteRT on one thread, tensors found and dequantised as the manifest says.

    Args:
        model: the file.
        image: its input.
        pixel_offset: real = (pixel - pixel_offset) / 128.
        outputs: in the order wanted.
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
        interpreter.set_tensor(places[image.name], image.quantise(real))
        interpreter.invoke()
        return tuple(spec.dequantise(interpreter.get_tensor(places[spec.name]))[0] for spec in outputs)

    return run


def landmark_form(maps: Maps, decode: LandmarkDecoder) -> Form:
    """A landmark network's outputs, decoded."""

    def run(crop: NDArray[np.uint8]) -> Reading:
        landmarks, presence = maps(crop)
        return Reading(decode(landmarks), float(presence.reshape(())))

    return run


def replay(reference: Reference) -> Form:
    """The stored outputs of the original network, one a call, in the order of the validation crops."""
    readings = (
        Reading(landmarks, float(presence))
        for landmarks, presence in zip(reference.landmarks_crop, reference.presence, strict=True)
    )
    return lambda _: next(readings)


def onnx_form(model: Path, decode: LandmarkDecoder) -> Form:
    """A landmark network as ONNX."""
    return landmark_form(onnx_maps(model), decode)


def tflite_form(model: Path, manifest: ModelManifest, decode: LandmarkDecoder) -> Form:
    """A landmark network as TFLite, float or int8."""
    outputs = (manifest.landmarks_output, manifest.presence)
    return landmark_form(tflite_maps(model, manifest.input, manifest.pixel_offset, outputs), decode)
