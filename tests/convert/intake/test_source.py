"""A network given as a file or as a function: what is executed is named, and nothing else is executed."""

import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from convert.intake.source import open_source
from convert.intake.tflite_file import export_tflite
from convert.tflite.runners import real_nchw
from device.contract.errors import BadInputError, UsageError
from device.inference.interpreter import load_runtime
from tests.convert.tiny import blotches

MODULE = """
import torch

class Mean(torch.nn.Module):
    def forward(self, image):
        return image.mean((2, 3)).repeat(1, 2)[:, :4]

def make():
    return Mean()

def number():
    return 3
"""


@pytest.fixture
def own_code(tmp_path, monkeypatch):
    """A module of the user's in the current folder."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "networks.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "mine.networks"
    for name in ("mine", "mine.networks"):
        sys.modules.pop(name, None)


def test_a_function_is_executed_and_named(own_code, tmp_path, capsys):
    source = open_source(f"{own_code}:make", (24, 16), tmp_path)
    assert source.executed == source.provenance["executed"] == "mine.networks:make"
    # torch's exporter has more to say behind it.
    assert capsys.readouterr().err.startswith("running your own code: mine.networks:make\n")
    image = np.random.default_rng(0).normal(size=(1, 3, 16, 24)).astype(np.float32)
    session = onnxruntime.InferenceSession(source.onnx)
    (answer,) = session.run(None, {session.get_inputs()[0].name: image})
    mean = image.mean((2, 3))[0]
    assert answer[0] == pytest.approx([*mean, mean[0]], abs=1e-6)


@pytest.mark.parametrize(
    ("function", "size", "error", "said"),
    [
        ("make", None, UsageError, "--size WIDTHxHEIGHT"),
        ("number", (8, 8), BadInputError, r"gave int, wanted a torch\.nn\.Module"),
        ("missing", (8, 8), BadInputError, "cannot be called"),
    ],
)
def test_a_function_that_makes_no_network_is_refused(own_code, tmp_path, function, size, error, said):
    with pytest.raises(error, match=said):
        open_source(f"{own_code}:{function}", size, tmp_path)


def test_a_file_is_only_read(tmp_path, capsys):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"anything")
    source = open_source(str(path), None, tmp_path)
    assert (source.onnx, source.executed, source.provenance["file"]) == (path, None, "net.onnx")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["missing.onnx", "missing.tflite", "my-networks:make"])
def test_what_is_neither_a_file_nor_a_function_is_refused(tmp_path, name):
    with pytest.raises(BadInputError, match=r"wanted FILE\.onnx, FILE\.tflite or package\.module:function"):
        open_source(name, None, tmp_path)


@pytest.mark.convert
def test_a_float_tflite_file_says_the_same_in_onnx(converted, tmp_path):
    file = converted / "work" / "student_float32.tflite"
    source = open_source(str(file), None, tmp_path)
    assert (source.file, source.executed) == (file, None)
    model = onnx.load(source.onnx)
    assert [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim] == [1, 3, 128, 128]
    (crop,) = blotches(1, seed=5)
    session = onnxruntime.InferenceSession(source.onnx)
    answers = session.run(None, {session.get_inputs()[0].name: real_nchw(crop)})
    interpreter = load_runtime().Interpreter(model_path=str(file))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], real_nchw(crop).transpose(0, 2, 3, 1))
    interpreter.invoke()
    wanted = [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]
    for answer, output in zip(answers, wanted, strict=True):
        turned = output.transpose(0, 3, 1, 2) if output.ndim == 4 else output
        assert answer == pytest.approx(turned, abs=1e-4)


@pytest.mark.convert
def test_a_quantised_tflite_file_is_refused(converted, tmp_path):
    with pytest.raises(BadInputError, match=r"is quantised .* wanted float32"):
        export_tflite(converted / "student.tflite", tmp_path / "net.onnx")


def test_what_is_no_tflite_file_is_refused(tmp_path):
    (tmp_path / "net.tflite").write_text("nothing of the kind")
    with pytest.raises(BadInputError, match="is no TFLite file"):
        export_tflite(tmp_path / "net.tflite", tmp_path / "net.onnx")
