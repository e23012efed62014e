"""A float .tflite file as ONNX, by tf2onnx in the converter's environment. Reading it runs nothing."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.environments import CONVERTER, child_environment
from convert.tflite.file import Graph, Tensor, read_graph
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.inference.interpreter import load_runtime

OPSET = 17
WORKER = Path(__file__).with_name("tf2onnx_worker.py")
TOLERANCE = 1e-3
"""Of an output's largest value: how far ONNX may be from the .tflite file on a picture of noise."""
TIMEOUT_SECONDS = 600
"""Far beyond the seconds it takes; a hang ends in an error."""


def _check_float(graph: Graph, path: Path) -> None:
    """Refuse what is quantised already: its ranges are set, and the float network is not in it.

    Raises:
        BadInputError: it is.
    """
    scaled = [tensor.name for tensor in graph.tensors if tensor.scales]
    others = [tensor.name for tensor in (*graph.inputs, *graph.outputs) if tensor.dtype != "float32"]
    if scaled or others:
        raise BadInputError(
            f"{path} is quantised ({(scaled or others)[0]}), wanted float32: give the file that was made "
            f"without quantisation"
        )


def _maps(tensors: Sequence[Tensor]) -> str:
    """Names of those with height, width and channels."""
    return ",".join(tensor.name for tensor in tensors if len(tensor.shape) == 4)


def _arguments(graph: Graph, file: Path, onnx: Path) -> list[str]:
    """Of tf2onnx; pictures and maps come channels first, so that no transposition is left."""
    arguments = ["--tflite", str(file.absolute()), "--output", str(onnx), "--opset", str(OPSET)]
    for option, names in (
        ("--inputs-as-nchw", _maps(graph.inputs)),
        ("--outputs-as-nchw", _maps(graph.outputs)),
    ):
        arguments += [option, names] if names else []
    return arguments


def _run(interpreter: Path, arguments: Sequence[str], file: Path) -> None:
    command = [str(interpreter.absolute()), "-I", str(WORKER), *arguments]
    try:
        ended = subprocess.run(
            command,
            env=child_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInputError(f"{file} was not read by tf2onnx within {TIMEOUT_SECONDS} s") from error
    if ended.returncode != 0:
        said = [line for line in ended.stderr.splitlines() if line.strip()] or ["nothing"]
        raise BadInputError(f"{file} has no ONNX form, tf2onnx said: {said[-1][:300]}")


def _answers_of_tflite(file: Path, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The outputs for (1, H, W, 3), maps with channels first."""
    interpreter = load_runtime().Interpreter(model_path=str(file))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    outputs = [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]
    return [output.transpose(0, 3, 1, 2) if output.ndim == 4 else output for output in outputs]


def _check_same(file: Path, onnx: Path, shape: tuple[int, ...]) -> None:
    """Both give the same answers to a picture of noise.

    Raises:
        BadInputError: they do not.
    """
    import onnxruntime

    image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    answers = session.run(None, {session.get_inputs()[0].name: image.transpose(0, 3, 1, 2)})
    for answer, wanted in zip(answers, _answers_of_tflite(file, image), strict=True):
        moved, reach = np.abs(answer - wanted).max(), np.abs(wanted).max()
        # "not <=" so that NaN fails.
        if not moved <= TOLERANCE * reach:
            raise BadInputError(
                f"tf2onnx changes what {file} computes (by {moved:.3g} of {reach:.3g}): give it as ONNX"
            )


def export_tflite(file: Path, onnx: Path) -> None:
    """Write a float .tflite file as ONNX.

    Args:
        file: float32, or with weights in float16.
        onnx: file to write.

    Raises:
        BadInputError: no .tflite file, a quantised one, another input than a picture, an operator without
            an ONNX form, or one that tf2onnx misreads.
        MissingOutsideError: no environment with tf2onnx.
        WriteFailedError: the ONNX file cannot be written.
    """
    graph = read_graph(file)
    _check_float(graph, file)
    shapes = [tensor.shape for tensor in graph.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][::3] != (1, 3):
        raise BadInputError(f"{file} has inputs of shapes {shapes}, wanted one picture (1, H, W, 3)")
    interpreter = CONVERTER.find(os.environ)
    CONVERTER.versions(interpreter)
    with tempfile.TemporaryDirectory(prefix="tflite-") as folder:
        made = Path(folder) / "network.onnx"
        _run(interpreter, _arguments(graph, file, made), file)
        _check_same(file, made, shapes[0])
        write_whole_bytes(onnx, made.read_bytes())
