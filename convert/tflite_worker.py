"""Runs inside .venv-convert: an ONNX file to a float and an int8 TFLite file.

    python -I tflite_worker.py student.onnx calibration.npy

Works in the current folder and imports nothing of this project: its interpreter has other packages.
onnx2tf only makes the float SavedModel; TensorFlow's converter makes both files from it, so that
the two differ in quantisation alone.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx2tf
import tensorflow as tf

SAVED_MODEL = Path("saved_model")


def make_saved_model(onnx_path: Path) -> None:
    """NCHW to NHWC. onnxsim is left out: the exporter has folded what it would fold."""
    onnx2tf.convert(
        input_onnx_file_path=str(onnx_path),
        output_folder_path=str(SAVED_MODEL),
        output_signaturedefs=True,
        not_use_onnxsim=True,
        non_verbose=True,
    )


def float_bytes() -> bytes:
    """The SavedModel as a float32 TFLite file."""
    model: bytes = tf.lite.TFLiteConverter.from_saved_model(str(SAVED_MODEL)).convert()
    return model


def int8_bytes(crops: np.ndarray) -> bytes:
    """The SavedModel with int8 weights (per channel), activations, input and outputs.

    Args:
        crops: (N, H, W, 3) uint8; real = (pixel - 128) / 128.
    """

    def samples() -> Iterator[list[np.ndarray]]:
        for crop in crops:
            yield [((crop[None].astype(np.float32) - 128) / 128).astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_saved_model(str(SAVED_MODEL))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # Only integer operators: what cannot be quantised is an error here, not a float island.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter.representative_dataset = samples
    model: bytes = converter.convert()
    return model


def main() -> None:
    """Both files, beside the inputs."""
    onnx_path, calibration_path = Path(sys.argv[1]), Path(sys.argv[2])
    make_saved_model(onnx_path)
    Path("student_float32.tflite").write_bytes(float_bytes())
    Path("student.tflite").write_bytes(int8_bytes(np.load(calibration_path)))


if __name__ == "__main__":
    main()
