"""The whole chain at toy size: drawn faces, teacher, student, int8 file, stream."""

import json
import os
import subprocess
import sys

import pytest

from device.contract.manifest import read_model_manifest

RUN_FILE = """
name = "{name}"
teachers = {teachers}

[data]
kind = "synthetic"
side = 96
faces = 48

[model]
family = "landmark_student"
input_side = 64
arguments = {{ stem = 4, widths = [8, 8, 16, 16], depths = [0, 0, 0, 0], decoder = [8, 8, 8] }}

[optimiser]
images = 640
batch = 16

[loss]
map = 0.1
{distil}
"""


def run(root, *words):
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.convert
@pytest.mark.timeout(900)
def test_drawn_faces_become_a_stream_of_landmarks(root, tmp_path):
    if not (root / ".venv-convert").is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI must convert: no .venv-convert, `make test` builds it")
        pytest.skip("no .venv-convert: `make test` builds it")
    teacher, student = tmp_path / "teacher.toml", tmp_path / "student.toml"
    teacher.write_text(RUN_FILE.format(name="teacher", teachers=[], distil=""))
    distil = "distill_map = 0.1\ndistill_coordinate = 0.5"
    student.write_text(RUN_FILE.format(name="student", teachers=["teacher"], distil=distil))
    for file in (teacher, student):
        assert "synthetic NME" in run(root, "training", "train", file, "--runs", tmp_path / "runs")
    finished = tmp_path / "runs" / "student"
    run(root, "training", "handover", finished, "--runs", tmp_path / "runs", "--name", "toy")
    out = finished / "model"
    summary = run(
        root,
        "convert",
        "run",
        finished / "handover",
        "--out",
        out,
        "--int8-budget",
        "1",
        "--max-error",
        "100",
    )
    assert "int8" in summary
    manifest = read_model_manifest(out / "student.tflite")
    assert (manifest.name, manifest.provenance["teacher"]) == ("toy", "teacher")
    lines = run(root, "device", "run", "--model", out / "student.tflite", "--frames", "3").splitlines()
    frames = [message for message in map(json.loads, lines) if message["type"] == "frame"]
    assert len(frames) == 3
    assert {frame["model"] for frame in frames} == {manifest.identity}
