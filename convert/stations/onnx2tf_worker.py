"""Runs inside .venv-convert: an ONNX file to TFLite files of several arithmetics.

    python -I tflite_worker.py student.onnx calibration.npy student.tflite student_float32.tflite

Works in the current folder and imports nothing of this project: its interpreter has other packages.
onnx2tf only makes the float SavedModel; TensorFlow's converter makes every file from it, so that they
differ in quantisation alone. The files' endings say which: _float32, _float16, _int16x8, else int8.
Exit code 3: the network has a node that onnx2tf does not know.
"""

import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnx2tf
import tensorflow as tf

SAVED_MODEL = Path("saved_model")
UNKNOWN_NODE = 3
"""Exit code."""
INT16X8 = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8


def check_nodes(onnx_path: Path) -> None:
    """Name what onnx2tf has no module for, before it fails in the middle of a trace."""
    kinds = sorted({node.op_type for node in onnx.load(onnx_path).graph.node})
    unknown = [kind for kind in kinds if find_spec(f"onnx2tf.ops.{kind}") is None]
    if unknown:
        print(f"no TFLite form for the ONNX nodes {', '.join(unknown)}")
        raise SystemExit(UNKNOWN_NODE)


def make_saved_model(onnx_path: Path) -> None:
    """NCHW to NHWC, whole or not at all. onnxsim is left out: the exporter has folded what it would fold."""
    beside = SAVED_MODEL.with_name("saved_model.part")
    shutil.rmtree(beside, ignore_errors=True)
    onnx2tf.convert(
        input_onnx_file_path=str(onnx_path),
        output_folder_path=str(beside),
        output_signaturedefs=True,
        not_use_onnxsim=True,
        non_verbose=True,
    )
    beside.rename(SAVED_MODEL)


def _converter() -> tf.lite.TFLiteConverter:
    return tf.lite.TFLiteConverter.from_saved_model(str(SAVED_MODEL))


def _samples(crops: np.ndarray) -> Iterator[list[np.ndarray]]:
    for crop in crops:
        yield [((crop[None].astype(np.float32) - 128) / 128).astype(np.float32)]


def float_bytes() -> bytes:
    """The SavedModel as a float32 TFLite file."""
    model: bytes = _converter().convert()
    return model


def float16_bytes() -> bytes:
    """Weights stored in 16 bits, sums in float32."""
    converter = _converter()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    model: bytes = converter.convert()
    return model


def integer_bytes(crops: np.ndarray, operators: tf.lite.OpsSet, ends: tf.DType) -> bytes:
    """The SavedModel with int8 weights (per channel) and integers throughout.

    Args:
        crops: (N, H, W, 3) uint8; real = (pixel - 128) / 128.
        operators: which integer kernels; what has none is an error here, not a float island.
        ends: type of activations, input and outputs.
    """
    converter = _converter()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [operators]
    converter.inference_input_type = ends
    converter.inference_output_type = ends
    converter.representative_dataset = lambda: _samples(crops)
    model: bytes = converter.convert()
    return model


def content_of(name: str, crops: np.ndarray) -> bytes:
    """The file of this name."""
    stem = Path(name).stem
    if stem.endswith("_float32"):
        return float_bytes()
    if stem.endswith("_float16"):
        return float16_bytes()
    if stem.endswith("_int16x8"):
        return integer_bytes(crops, INT16X8, tf.int16)
    return integer_bytes(crops, tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8)


def main() -> None:
    """The files asked for, beside the inputs."""
    onnx_path, crops = Path(sys.argv[1]), np.load(sys.argv[2])
    if not SAVED_MODEL.is_dir():
        check_nodes(onnx_path)
        make_saved_model(onnx_path)
    for name in sys.argv[3:]:
        Path(name).write_bytes(content_of(name, crops))


if __name__ == "__main__":
    main()
