"""The child process: found or named missing, and when it fails its last words are passed on."""

import sys
from pathlib import Path

import pytest

from convert import environments
from convert.stations import onnx2tf as onnx_to_tflite
from convert.stations.onnx2tf import converter_tools, find_converter, run_worker
from device.contract.errors import BadInputError, LandmarksError, MissingOutsideError, WriteFailedError
from device.contract.exit_codes import ExitCode


@pytest.fixture
def work(tmp_path):
    """A worker's script, its scratch folder and its log."""
    (tmp_path / "scratch").mkdir()
    script = tmp_path / "worker.py"

    def run(source):
        script.write_text(source)
        run_worker(Path(sys.executable), script, tmp_path / "scratch", tmp_path / "worker.log")
        return tmp_path

    return run


def test_the_interpreter_is_the_one_named_by_the_environment(tmp_path):
    assert find_converter({"LANDMARKS_CONVERT_PYTHON": sys.executable}) == Path(sys.executable)
    with pytest.raises(MissingOutsideError, match=r"`make convert` builds \.venv-convert"):
        find_converter({"LANDMARKS_CONVERT_PYTHON": str(tmp_path / "python")})


def test_without_the_environment_it_is_expected_beside_the_code(monkeypatch, tmp_path):
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    with pytest.raises(MissingOutsideError, match=str(tmp_path / ".venv-convert" / "bin" / "python")):
        find_converter({})


def test_an_interpreter_without_the_packages_is_named_missing():
    with pytest.raises(MissingOutsideError, match=r"lacks a tool \(.*onnx2tf.*`make convert`"):
        converter_tools(Path(sys.executable))


def test_the_worker_runs_in_its_scratch_folder_and_its_words_go_to_the_log(work):
    tmp_path = work("import sys; open('made', 'w').write(sys.argv[1]); print('hello')")
    assert (tmp_path / "scratch" / "made").read_text() == "student.onnx"
    assert (tmp_path / "worker.log").read_text() == "hello\n"


def test_modules_beside_the_worker_do_not_shadow_its_packages(work, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    work("import json; json.dumps(1)")


def test_a_worker_that_fails_is_an_unexpected_end_with_its_last_words(work, tmp_path):
    with pytest.raises(LandmarksError) as caught:
        work("print('first'); print('axes guessed'); raise SystemExit('cannot\\nconvert')")
    assert caught.value.exit_code == ExitCode.UNEXPECTED
    sentence = str(caught.value)
    assert "exit code 1" in sentence
    assert "axes guessed | cannot | convert;" in sentence
    assert "first" not in sentence
    assert sentence.endswith(str(tmp_path / "worker.log"))


def test_a_node_without_a_tflite_form_is_bad_input(work):
    with pytest.raises(BadInputError, match="no TFLite form for the ONNX nodes Foo; write it with"):
        work("print('no TFLite form for the ONNX nodes Foo'); raise SystemExit(3)")


def test_a_node_that_onnx2tf_fails_at_is_named(work):
    with pytest.raises(
        BadInputError, match="cannot turn the node /y/MatMul to channels last: write that layer"
    ):
        work("print('\\x1b[31mERROR:\\x1b[0m onnx_op_name: own//y/MatMul'); raise ValueError('shapes')")


def test_an_operator_that_tflite_lacks_is_named(work):
    with pytest.raises(BadInputError, match="TFLite has no form of the node Erf, Mod: write that layer"):
        work("print('TF Select ops: Erf, Mod\\nDetails: tf.Erf'); raise ValueError('not supported')")


def test_a_full_disk_in_the_worker_is_named_as_such(work):
    with pytest.raises(WriteFailedError, match="no space left on the disk") as caught:
        work("import errno, os; raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'saved_model')")
    assert caught.value.exit_code == ExitCode.WRITE_FAILED


def test_a_worker_that_hangs_is_ended(work, monkeypatch):
    monkeypatch.setattr(onnx_to_tflite, "TIMEOUT_SECONDS", 0.3)
    with pytest.raises(LandmarksError, match=r"no end after 0\.3 s"):
        work("import time; time.sleep(60)")
