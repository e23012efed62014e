"""The whole chain on a tiny network, as a user runs it, without any network to download from."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from convert.__main__ import main
from convert.tflite.file import read_graph
from device.contract.errors import GateError
from device.contract.files import sha256_of
from device.contract.manifest import read_model_manifest
from device.inference.network import LandmarkNetwork
from tests.convert.tiny import blotches, make_network

MEAN_TOLERANCE_PX = 0.15
LARGEST_TOLERANCE_PX = 1.0
"""Crop pixels of 128 by which int8 may move a landmark of the tiny random network."""


def pytorch_landmarks(network, crop):
    """Softmax expectation written out: sum over cells of probability times cell centre."""
    import torch

    with torch.inference_mode():
        image = torch.from_numpy((crop.transpose(2, 0, 1)[None].astype(np.float32) - 128) / 128)
        maps = network(image)[0][0].double()
    probability = maps.flatten(1).softmax(1).reshape(maps.shape)
    centres = torch.arange(32, dtype=torch.float64) * 4 + 1.5
    x = (probability.sum(1) * centres).sum(1)
    y = (probability.sum(2) * centres).sum(1)
    return torch.stack([x, y], 1).numpy()


@pytest.mark.convert
def test_int8_landmarks_agree_with_pytorch(converted):
    network, device = make_network(), LandmarkNetwork(converted / "student.tflite")
    moved, spread = [], []
    for crop in blotches(8, seed=77):
        device.infer(crop)
        true = pytorch_landmarks(network, crop)
        moved.append(np.abs(device.decode().landmarks_crop - true))
        spread.append(np.ptp(true, axis=0))
    # The tiny network's points do differ; else any constant would agree with them.
    assert np.mean(spread) > 3
    assert np.mean(moved) < MEAN_TOLERANCE_PX
    assert np.max(moved) < LARGEST_TOLERANCE_PX


@pytest.mark.convert
def test_the_float_file_agrees_with_pytorch_to_rounding(converted):
    network, device = make_network(), LandmarkNetwork(converted / "student_float32.tflite")
    crop = blotches(1, seed=78)[0]
    device.infer(crop)
    assert device.decode().landmarks_crop == pytest.approx(pytorch_landmarks(network, crop), abs=1e-3)


@pytest.mark.convert
def test_the_int8_file_is_integer_throughout_and_its_input_is_the_pixel(converted):
    graph = read_graph(converted / "student.tflite")
    names = {key.split()[0] for key in graph.histogram}
    assert names == {
        "CONV_2D",
        "ADD",
        "PAD",
        "RESIZE_NEAREST_NEIGHBOR",
        "AVERAGE_POOL_2D",
        "FULLY_CONNECTED",
    }
    assert graph.histogram["RESIZE_NEAREST_NEIGHBOR v2"] == 3
    assert {tensor.dtype for tensor in graph.tensors if not tensor.constant} == {"int8"}
    manifest = read_model_manifest(converted / "student.tflite")
    assert (manifest.input.scale, manifest.input.zero_point, manifest.pixel_offset) == (1 / 128, 0, 128)


@pytest.mark.convert
def test_the_report_names_every_file_by_its_hash_and_every_tool_by_its_version(converted):
    report = json.loads((converted / "conversion.json").read_text())
    paths = [entry["path"] for entry in report["artifacts"]]
    product = ["student.tflite", "student_float32.tflite", "student.json", "student_float32.json"]
    assert paths[:4] == product
    for entry in report["artifacts"]:
        assert sha256_of(converted / entry["path"]) == entry["sha256"]
        assert (converted / entry["path"]).stat().st_size == entry["bytes"]
    assert set(report["comparison"]["models"]) == {"pytorch", "onnx", "float32", "int8"}
    assert report["tools"]["converter"]["tensorflow"].startswith("2.")
    assert report["gate"]["passed"] is True
    manifest = read_model_manifest(converted / "student.tflite")
    figures = report["comparison"]["models"]["int8"]
    assert manifest.metrics["validation_nme_interocular"] == figures["nme_interocular"]
    assert manifest.provenance["recipe"] == "test"


@pytest.mark.convert
def test_a_second_run_does_no_work_and_changes_no_file(tiny_handover, out_copy, capsys):
    def times():
        return {path: path.stat().st_mtime_ns for path in out_copy.rglob("*") if path.is_file()}

    before = times()
    assert (
        main(["run", str(tiny_handover), "--out", str(out_copy), "--int8-budget", "1", "--max-error", "1000"])
        == 0
    )
    printed = capsys.readouterr()
    assert printed.err.count("unchanged") == 8
    assert "TFLite int8" in printed.out
    assert times() == before


@pytest.mark.convert
def test_a_missed_budget_ends_with_code_4_and_takes_the_product_back(tiny_handover, out_copy, capsys):
    with pytest.raises(GateError, match="percentage points of NME, wanted at most -100") as caught:
        main(
            [
                "run",
                str(tiny_handover),
                "--out",
                str(out_copy),
                "--int8-budget",
                "-100",
                "--max-error",
                "1000",
            ]
        )
    assert caught.value.exit_code == 4
    assert capsys.readouterr().err.count("unchanged") == 7
    assert not (out_copy / "student.tflite").exists()
    assert (out_copy / "work" / "student.tflite").exists()
    assert json.loads((out_copy / "conversion.json").read_text())["gate"]["passed"] is False
    assert (
        main(["run", str(tiny_handover), "--out", str(out_copy), "--int8-budget", "1", "--max-error", "1000"])
        == 0
    )
    assert read_model_manifest(out_copy / "student.tflite").name == "tiny"


def run_program(root, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "convert", *arguments],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_handover_is_one_line_and_exit_code_3(root, tmp_path):
    ended = run_program(root, "run", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out"))
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("error: no handover folder")
    assert ended.stderr.count("\n") == 1


def test_a_missing_converter_is_one_line_and_exit_code_5(root, tmp_path, tiny_handover):
    ended = run_program(
        root, "run", str(tiny_handover), "--out", str(tmp_path / "out"), LANDMARKS_CONVERT_PYTHON="/nowhere"
    )
    assert (ended.returncode, ended.stdout) == (5, "")
    assert "`make convert` builds .venv-convert" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_wrong_command_line_is_exit_code_2(root, tmp_path):
    ended = run_program(root, "run", str(tmp_path), "--out", str(tmp_path), "--calibration-crops", "0")
    assert ended.returncode == 2
    assert "wanted a whole number, 1 or more" in ended.stderr


def test_help_shows_examples(root):
    ended = run_program(root, "--help")
    assert ended.returncode == 0
    assert "python -m convert run runs/small/handover --out" in ended.stdout
