"""Runs inside .venv-convert: an ONNX file to TFLite files of several arithmetics.

    python -I tflite_worker.py student.onnx calibration.npy student.tflite student_float32.tflite

Works in the current folder and imports nothing of this project: its interpreter has other packages.
onnx2tf only makes the float SavedModel; TensorFlow's converter makes every file from it, so that they
differ in quantisation alone. The files' endings say which: _float32, _float16, _int16x8, _float_tail, else
int8.
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
from tensorflow.lite.python import schema_py_generated as schema_fb
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.tools import flatbuffer_utils

SAVED_MODEL = Path("saved_model")
UNKNOWN_NODE = 3
"""Exit code."""
LEAST_RANGE = 1e-6
"""Real units below which every value of a tensor counts as 0."""
ZERO_LAYERS = "zero on all calibration crops: "
"""Begins the line of the log that names them."""
WEIGHTED = {
    schema_fb.BuiltinOperator.CONV_2D,
    schema_fb.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema_fb.BuiltinOperator.TRANSPOSE_CONV,
    schema_fb.BuiltinOperator.FULLY_CONNECTED,
}
"""Operators with weights, their second input."""
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


def _largest(tensor: schema_fb.TensorT) -> float | None:
    """The largest absolute value that calibration met; None for a tensor without a range."""
    ranges = tensor.quantization
    if ranges is None or ranges.min is None:
        return None
    return max(abs(float(ranges.min[0])), abs(float(ranges.max[0])))


def widen_zero_layers(calibrated: bytes) -> tuple[bytes, list[str]]:
    """Give each layer that was 0 on all calibration crops the range of its input.

    Its own range is empty, and TFLite makes a scale of 1e-8 of that, which no runtime can prepare.

    Args:
        calibrated: a float model that carries the range of each tensor.

    Returns:
        The model, and the names of those layers.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(calibrated)
    named = []
    for graph in model.subgraphs:
        for node in graph.operators:
            source, made = (graph.tensors[places[0]] for places in (node.inputs, node.outputs))
            met = _largest(made)
            if met is None or met >= LEAST_RANGE:
                continue
            reach = _largest(source) or 1.0
            made.quantization.min, made.quantization.max = [-reach], [reach]
            named.append(made.name.decode().split(";")[0])
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model)), named


def _calibrated(crops: np.ndarray) -> bytes:
    """A float model that carries the range of each tensor."""
    converter = _converter()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: _samples(crops)
    # The only way to the ranges between calibration and quantisation.
    converter._experimental_calibrate_only = True  # noqa: SLF001
    model: bytes = converter.convert()
    return model


def _is_learnt(model: schema_fb.ModelT, graph: schema_fb.SubGraphT, node: schema_fb.OperatorT) -> bool:
    """Whether a node has learnt weights; those of a table of zeros and ones are not."""
    code = model.operatorCodes[node.opcodeIndex]
    if max(code.builtinCode, code.deprecatedBuiltinCode) not in WEIGHTED:
        return False
    data = model.buffers[graph.tensors[node.inputs[1]].buffer].data
    # Weights that another layer computes are learnt as well.
    weights = np.array([0.5]) if data is None else np.frombuffer(bytes(data), np.float32)
    return not np.isin(weights, (0.0, 1.0)).all()


def tail_of(calibrated: bytes) -> set[str]:
    """Names of the nodes between the last learnt layers and the outputs.

    Args:
        calibrated: a float model.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(calibrated)
    (graph,) = model.subgraphs
    maker = {made: node for node in graph.operators for made in node.outputs}
    named: set[str] = set()
    waiting = list(graph.outputs)
    while waiting:
        place = waiting.pop()
        node, name = maker.get(place), graph.tensors[place].name.decode()
        if node is None or name in named or _is_learnt(model, graph, node):
            continue
        named.add(name)
        waiting += [source for source in node.inputs if source >= 0]
    return named


def float_tail_bytes(crops: np.ndarray) -> bytes:
    """int8 up to the last learnt layers, and float32 from there to the outputs.

    What follows them in a network that fuses maps in its graph, products and a norm, costs more accuracy in
    int8 than time in float.
    """
    calibrated, _ = widen_zero_layers(_calibrated(crops))
    model: bytes = mlir_quantize(
        calibrated,
        input_data_type=tf.int8,
        output_data_type=tf.float32,
        denylisted_nodes=tail_of(calibrated),
    )
    return model


def int8_bytes(crops: np.ndarray) -> bytes:
    """The int8 file; layers that are 0 on all crops are named and given a range that a runtime can use."""
    calibrated, zero_layers = widen_zero_layers(_calibrated(crops))
    if not zero_layers:
        return integer_bytes(crops, tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8)
    print(ZERO_LAYERS + ", ".join(zero_layers))
    model: bytes = mlir_quantize(calibrated, input_data_type=tf.int8, output_data_type=tf.int8)
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
    if stem.endswith("_float_tail"):
        return float_tail_bytes(crops)
    return int8_bytes(crops)


def main() -> None:
    """The files asked for, beside the inputs."""
    onnx_path, crops = Path(sys.argv[1]), np.load(sys.argv[2], allow_pickle=False)
    if not SAVED_MODEL.is_dir():
        check_nodes(onnx_path)
        make_saved_model(onnx_path)
    for name in sys.argv[3:]:
        Path(name).write_bytes(content_of(name, crops))


if __name__ == "__main__":
    main()
