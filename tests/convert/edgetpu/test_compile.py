"""The compiler's log and its output are read; the compiler itself is a fake, for the real one is Google's."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from convert.__main__ import main
from convert.edgetpu.compile import CompilerLog, find_compiler, parse_log
from convert.tflite.file import read_graph
from device.contract.errors import BadInputError, GateError, MissingOutsideError
from device.contract.files import sha256_of
from tests.convert.graphs import Drawing, write_tflite

WHOLE = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 312 ms.

Input model: student.tflite
Input size: 1.25MiB
Output model: student_edgetpu.tflite
Output size: 1.40MiB
On-chip memory used for caching model parameters: 1.19MiB
On-chip memory remaining for caching model parameters: 6.50MiB
Off-chip memory used for streaming uncached model parameters: 16.00KiB
Number of Edge TPU subgraphs: 1
Total number of operations: 46
Operation log: student_edgetpu.log

Operator                       Count      Status

PAD                            5          Mapped to Edge TPU
CONV_2D                        41         Mapped to Edge TPU
Compilation child process completed within timeout period.
Compilation succeeded!
"""
PARTLY = WHOLE.replace(
    "PAD                            5          Mapped",
    "Number of operations that will run on Edge TPU: 41\nNumber of operations that will run on CPU: 5\n\n"
    "PAD                            5          More than one subgraph is not supported, not mapped",
)

FAKE = """#!{python}
# A stand-in for Google's edgetpu_compiler: prints a log and copies a file made beforehand.
import shutil, sys
from pathlib import Path
print({log!r})
out = Path(sys.argv[sys.argv.index("--out_dir") + 1])
if {made!r}:
    shutil.copyfile({made!r}, out / (Path(sys.argv[-1]).stem + "_edgetpu.tflite"))
sys.exit({code})
"""


@pytest.fixture
def model(root, tmp_path):
    """A copy of the shipped pair."""
    for name in ("student.tflite", "student.json"):
        shutil.copyfile(root / "device" / "models" / "small" / name, tmp_path / name)
    return tmp_path / "student.tflite"


def compiled(path, model, *more):
    """What a compiler would write: the model's ends around one custom operator, and `more` behind it."""
    graph = read_graph(model)
    drawing = Drawing()
    image = drawing.image(1, 128, 128, 3)
    drawing.tensors[image] = graph.inputs[0]
    drawing.node("edgetpu-custom-op", (image,), (1, 1))
    drawing.tensors[-1] = graph.outputs[0]
    drawing.tensors.append(graph.outputs[1])
    for name in more:
        drawing.node(name, (1,), graph.outputs[0].shape)
    return write_tflite(path, drawing.graph(1, 2))


@pytest.fixture
def fake_compiler(tmp_path, monkeypatch):
    def put(log=WHOLE, made="", code=0):
        folder = tmp_path / "bin"
        folder.mkdir()
        script = folder / "edgetpu_compiler"
        script.write_text(FAKE.format(python=sys.executable, log=log, made=str(made), code=code))
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return put


def test_a_log_gives_counts_memory_and_the_table():
    assert parse_log(WHOLE) == CompilerLog(
        "16.0.384591198",
        46,
        0,
        round(1.19 * 2**20),
        16 * 2**10,
        (("PAD", 5, "Mapped to Edge TPU"), ("CONV_2D", 41, "Mapped to Edge TPU")),
    )
    partly = parse_log(PARTLY)
    assert (partly.on_edgetpu, partly.on_cpu) == (41, 5)


def test_a_log_without_a_table_is_no_compilation():
    with pytest.raises(GateError, match=r"compiled nothing \(Internal compiler error\. Aborting!\)"):
        parse_log("Edge TPU Compiler version 16.0.384591198\n\nInternal compiler error. Aborting!\n")


def test_without_the_compiler_one_line_says_how_to_get_it_and_nothing_is_written(root, tmp_path):
    with pytest.raises(MissingOutsideError, match="coral-edgetpu-stable; the int8 file ships as it is"):
        find_compiler({"PATH": str(tmp_path)})
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "convert",
            "edgetpu",
            "device/models/small/student.tflite",
            "--out",
            tmp_path / "x",
        ],
        cwd=root,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (5, "")
    assert ended.stderr.startswith("error: no edgetpu_compiler on the PATH")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_a_compiled_file_of_one_custom_operator_is_kept_with_manifest_and_log(
    fake_compiler, model, tmp_path, capsys
):
    fake_compiler(made=compiled(tmp_path / "made.tflite", model))
    assert main(["edgetpu", str(model), "--out", str(tmp_path / "out")]) == 0
    assert "46 operators on the Edge TPU by compiler 16.0.384591198" in capsys.readouterr().out
    kept = tmp_path / "out" / "student_edgetpu.tflite"
    manifest = json.loads(kept.with_suffix(".json").read_text())
    assert manifest["sha256"] == sha256_of(kept)
    assert (manifest["name"], manifest["file"]) == ("small-edgetpu", "student_edgetpu.tflite")
    assert manifest["provenance"]["edgetpu"] == {
        "compiler": "16.0.384591198",
        "int8_sha256": sha256_of(model),
        "cached_bytes": round(1.19 * 2**20),
        "streamed_bytes": 16384,
    }
    assert "Compilation succeeded!" in (tmp_path / "out" / "student_edgetpu.log").read_text()


def test_a_compiled_file_with_something_left_over_is_refused(fake_compiler, model, tmp_path):
    fake_compiler(PARTLY, compiled(tmp_path / "made.tflite", model, "LEAKY_RELU"))
    with pytest.raises(GateError, match=r"1 operators for the CPU \(LEAKY_RELU\)"):
        main(["edgetpu", str(model), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_a_compiler_that_fails_is_told_with_its_last_words(fake_compiler, model, tmp_path):
    fake_compiler("Compilation failed due to large activation tensors in model.", code=1)
    with pytest.raises(GateError, match=r"refused .*large activation tensors"):
        main(["edgetpu", str(model), "--out", str(tmp_path / "out")])


def test_a_compiler_that_says_it_succeeded_but_wrote_nothing_is_not_believed(fake_compiler, model, tmp_path):
    fake_compiler()
    with pytest.raises(GateError, match="wanted a compiled file"):
        main(["edgetpu", str(model), "--out", str(tmp_path / "out")])


def test_a_model_that_is_not_its_manifests_is_refused(fake_compiler, model, tmp_path):
    fake_compiler(made=compiled(tmp_path / "made.tflite", model))
    model.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(BadInputError, match="the file is damaged or the two are not a pair"):
        main(["edgetpu", str(model), "--out", str(tmp_path / "out")])
