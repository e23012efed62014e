"""The daemon as a user runs it: a process, its lines, its one-line errors and exit codes."""

import json
import shutil
import subprocess
import sys

import cv2
import jsonschema
import numpy as np
import pytest

from device.inference.models import MODELS
from device.messages.messages import SCHEMA_FILE
from device.sources.demo_photo import load_photo
from tests.fakes import FAKE_MANIFEST

SHIPPED = MODELS / "small"


def run(root, *words):
    command = [sys.executable, "-m", "device", *map(str, words)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def messages_of(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def assert_refused(done, code, *wanted):
    """A user's mistake: its exit code, one line that says what, nothing on stdout, no traceback."""
    lines = [line for line in done.stderr.splitlines() if not line.startswith("INFO:")]
    assert done.returncode == code, done.stderr
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    for word in wanted:
        assert word in lines[0]
    assert done.stdout == ""


@pytest.fixture
def model(tmp_path):
    """A copy of the shipped model, to be spoilt."""
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    return folder / "student.tflite"


def test_the_demo_streams_landmarks_that_fit_the_schema(root):
    done = run(root, "run", "--frames", "20")
    assert done.returncode == 0, done.stderr
    messages = messages_of(done)
    schema = json.loads(SCHEMA_FILE.read_text())
    for message in messages:
        jsonschema.validate(message, schema)
    frames = [message for message in messages if message["type"] == "frame"]
    assert len(frames) == 20
    assert all(len(frame["faces"]) == 1 for frame in frames)
    assert {message["source"] for message in messages} == {"demo"}
    sequences = [frame["sequence"] for frame in frames]
    assert sequences == sorted(set(sequences))


def test_every_picture_of_a_folder_comes_once_in_order_whatever_it_holds(root, tmp_path):
    photo = load_photo()
    noise = np.random.default_rng(0).integers(0, 256, (3000, 7000, 3), dtype=np.uint8)
    pictures = {
        "a/face.png": photo,
        "a/grey.png": cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY),
        "a/rgba.png": cv2.cvtColor(photo, cv2.COLOR_BGR2BGRA),
        "b/one_pixel.png": photo[:1, :1],
        "b/twenty_megapixels.jpg": noise,
    }
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name, picture in pictures.items():
        cv2.imwrite(str(tmp_path / name), picture)
    whole = (tmp_path / "b" / "twenty_megapixels.jpg").read_bytes()
    (tmp_path / "b" / "damaged.jpg").write_bytes(whole[:500])
    (tmp_path / "b" / "empty.jpg").write_bytes(b"")
    done = run(root, "run", "--source", f"images:{tmp_path}")
    assert done.returncode == 0, done.stderr
    messages = messages_of(done)
    assert [(message["type"], message["frame"]["name"]) for message in messages] == [
        ("frame", "a/face.png"),
        ("frame", "a/grey.png"),
        ("frame", "a/rgba.png"),
        ("error", "b/damaged.jpg"),
        ("error", "b/empty.jpg"),
        ("frame", "b/one_pixel.png"),
        ("frame", "b/twenty_megapixels.jpg"),
    ]
    assert messages[-1]["frame"] == {"width": 7000, "height": 3000, "name": "b/twenty_megapixels.jpg"}
    assert messages[-1]["faces"] == []


def write_video(path, frames):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (512, 512))
    for shift in range(frames):
        writer.write(np.roll(load_photo(), shift, axis=1))
    writer.release()


def test_a_video_is_lossless_and_a_truncated_one_says_what_is_missing(root, tmp_path):
    write_video(tmp_path / "whole.avi", 20)
    whole = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])
    done = run(root, "run", "--source", f"video:{tmp_path}/whole.avi")
    assert done.returncode == 0, done.stderr
    assert [m["sequence"] for m in messages_of(done) if m["type"] == "frame"] == list(range(20))
    cut = run(root, "run", "--source", f"video:{tmp_path}/cut.avi")
    assert cut.returncode == 0, cut.stderr
    told = [message for message in messages_of(cut) if message["type"] in ("frame", "error")]
    assert told[-1]["type"] == "error"
    assert "20" in told[-1]["reason"]
    assert 5 < len(told) < 20


def test_a_missing_model_is_refused(root):
    assert_refused(run(root, "run", "--model", "nowhere.tflite"), 3, "nowhere.tflite", "make convert")
    assert_refused(run(root, "run", "--model", "huge"), 2, "huge", "small")


def test_a_corrupt_model_is_refused(root, model):
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    assert_refused(run(root, "run", "--model", model), 3, "sha256", "not a pair")


def spoil(model, change):
    path = model.with_suffix(".json")
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda v: v.update(scheme="wflw_98"), "wflw_98"),
        (lambda v: v["heatmap"].update(name="gone"), "'gone'"),
        (lambda v: v["heatmap"].update(scale=0.5), "its manifest says"),
        (lambda v: v["input"].update(zero_point=3), "its manifest says"),
        (lambda v: v["heatmap"].update(shape=[1, 16, 16, 68]), "cells"),
    ],
)
def test_a_manifest_that_does_not_fit_its_model_is_refused(root, model, change, wanted):
    spoil(model, change)
    assert_refused(run(root, "run", "--model", model), 3, wanted, "make convert")


def test_a_file_that_is_no_model_is_refused_even_with_a_matching_manifest(root, model):
    from device.contract.files import sha256_of

    model.write_bytes(b"TFL3 but nothing else")
    spoil(model, lambda values: values.update(sha256=sha256_of(model)))
    assert_refused(run(root, "run", "--model", model), 3, "cannot be loaded")


@pytest.mark.parametrize(
    ("source", "code", "wanted"),
    [
        ("imagse:here", 2, "did you mean images:"),
        ("demo:?siez=1x1", 2, "size"),
        ("images:/nowhere/at/all", 3, "/nowhere/at/all"),
        ("video:/nowhere.mp4", 3, "/nowhere.mp4"),
        ("v4l2:/dev/video97", 5, "/dev/video97"),
    ],
)
def test_a_source_that_cannot_be_had_is_refused(root, source, code, wanted):
    assert_refused(run(root, "run", "--source", source), code, wanted)


def test_a_folder_without_pictures_and_a_file_that_is_no_video_are_refused(root, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    assert_refused(run(root, "run", "--source", f"images:{tmp_path}"), 3, str(tmp_path))
    assert_refused(run(root, "run", "--source", f"video:{tmp_path}/notes.txt"), 3, "notes.txt")


@pytest.mark.parametrize(
    ("words", "code", "wanted"),
    [
        (("--finder", "yunet:/nowhere.onnx"), 3, "/nowhere.onnx"),
        (("--finder", "yunnet:x"), 2, "yunet"),
        (("--finder", "centre:x"), 2, "centre:"),
        (("--sink", "stdot:"), 2, "stdout:"),
        (("--threads", "0"), 2, "1 to 64"),
    ],
)
def test_other_mistakes_on_the_command_line_are_refused(root, words, code, wanted):
    assert_refused(run(root, "run", *words), code, wanted)


def test_a_reader_that_goes_away_ends_the_daemon_quietly(root):
    command = [sys.executable, "-m", "device", "run", "--source", "demo:?fps=200"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=root, text=True, **pipes) as child:
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(timeout=20) == 0
        assert "Traceback" not in child.stderr.read()


@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_daemon_cleanly(root, ending):
    import signal

    command = [sys.executable, "-m", "device", "run"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=root, text=True, **pipes) as child:
        for line in child.stdout:
            if '"type":"frame"' in line:
                break
        child.send_signal(getattr(signal, ending))
        rest, errors = child.communicate(timeout=20)
    assert child.returncode == 0
    assert "Traceback" not in errors
    assert all(json.loads(line) for line in rest.splitlines())


CUT_OFF = """
import runpy, sys

class CutOff:
    def find_spec(self, name, *_):
        if name == MODULE:
            raise KeyboardInterrupt

sys.meta_path.insert(0, CutOff())
sys.argv = ["device", "run", "--frames", "1"]
runpy.run_module("device", run_name="__main__")
"""
"""Runs the program; Ctrl-C comes when MODULE is imported."""


@pytest.mark.parametrize("module", ["device.checks.commands", "device.daemon.service"])
def test_ctrl_c_during_the_start_ends_without_a_traceback(root, module):
    script = CUT_OFF.replace("MODULE", repr(module))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_the_fake_manifest_of_other_tests_has_the_shape_of_a_real_one():
    shipped = json.loads((SHIPPED / "student.json").read_text())
    assert set(FAKE_MANIFEST.__struct_encode_fields__) == set(shipped)


def test_the_help_of_run_lists_every_source_and_sink_with_its_options(root):
    done = run(root, "run", "--help")
    assert done.returncode == 0
    for words in ("v4l2:N or v4l2:/dev/videoN", "exif= Whether", "mqtts://[USER@]HOST", "keep= Older"):
        assert words in done.stdout
