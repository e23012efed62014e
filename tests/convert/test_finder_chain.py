"""A tiny finder, trained for a few steps, handed over and converted as a user does it."""

import json

import numpy as np
import pytest

from convert.__main__ import main
from convert.handover.description import read_handover
from convert.stations.finder_compare import FORMS, measure
from convert.tflite.file import read_graph
from device.contract.errors import BadInputError
from device.contract.finder_codec import Candidates
from device.contract.finder_manifest import read_finder_model
from device.finders.trained import TrainedFinder
from tests.training.finder.tiny import HEIGHT, WIDTH, tiny_pack, tiny_pictures, tiny_run

MAP_TOLERANCE = 0.1
"""Mean difference of int8 maps from PyTorch's, in their own units."""


@pytest.fixture(scope="session")
def finder_handover(tmp_path_factory):
    """A complete handover folder of a finder; only to be read."""
    import torch

    from training.engine.loop import Loop
    from training.engine.run_parts import LoopOptions
    from training.finder.handover import calibration_canvases, write_files
    from training.finder.run import make_composer, make_parts

    settings, pictures, runs = tiny_run(images=800), tiny_pictures(), tmp_path_factory.mktemp("runs")
    loop = Loop(make_parts(settings, tiny_pack(), pictures, runs, LoopOptions()))
    loop.run()
    canvases = calibration_canvases(make_composer(tiny_pack(), settings, torch.device("cpu")), settings)
    texts = {"name": "tiny-finder", "provenance": {"recipe": "test"}}
    folder = runs / "handover"
    write_files(folder, (loop.parts.average, settings), canvases, pictures, texts)
    return folder


@pytest.fixture(scope="session")
def converted(finder_handover, tmp_path_factory, converter):
    """OUT of one conversion."""
    out = tmp_path_factory.mktemp("finder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANDMARKS_CONVERT_PYTHON", str(converter))
        assert (
            main(
                ["run", str(finder_handover), "--out", str(out), "--int8-budget", "20", "--max-error", "100"]
            )
            == 0
        )
    return out


@pytest.mark.convert
def test_the_product_is_a_pair_the_device_reads(converted):
    finder = TrainedFinder(converted / "finder.tflite")
    manifest = finder.manifest
    assert (manifest.name, manifest.input_wh) == ("tiny-finder", (WIDTH, HEIGHT))
    assert manifest.provenance["recipe"] == "test"
    assert (manifest.input.scale, manifest.input.zero_point) == (1 / 128, 0)
    scales = {tensor.scale for tensor in (manifest.score, manifest.box, manifest.points)}
    assert len(scales) == 3
    assert isinstance(finder.find(np.zeros((50, 70, 3), np.uint8)), list)


@pytest.mark.convert
def test_all_four_forms_are_one_network(converted):
    report = json.loads((converted / "conversion.json").read_text())
    models = report["comparison"]["models"]
    assert tuple(models) == FORMS
    for name in ("onnx", "float32"):
        assert models[name]["difference"]["maps"]["largest"] < 1e-3
    assert 0 < models["int8"]["difference"]["maps"]["mean"] < MAP_TOLERANCE
    metrics = read_finder_model(converted / "finder.tflite").metrics
    assert metrics["validation_overlap_lost"] == models["int8"]["overlap_lost"]
    assert metrics["validation_overlap_lost_pytorch"] == models["pytorch"]["overlap_lost"]


@pytest.mark.convert
def test_the_int8_file_is_integer_throughout(converted):
    graph = read_graph(converted / "finder.tflite")
    assert {key.split()[0] for key in graph.histogram} == {"CONV_2D", "ADD", "PAD", "RESIZE_NEAREST_NEIGHBOR"}
    assert {tensor.dtype for tensor in graph.tensors if not tensor.constant} == {"int8"}


@pytest.mark.convert
def test_a_second_run_does_no_work(finder_handover, converted, capsys):
    arguments = [
        "run",
        str(finder_handover),
        "--out",
        str(converted),
        "--int8-budget",
        "20",
        "--max-error",
        "100",
    ]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.err.count("unchanged") == 8
    assert "1-IoU" in printed.out


def test_the_figures_of_hand_made_finds():
    box = np.array([0, 0, 10, 10], np.float32)

    def found(*boxes):
        rows = np.array(boxes, np.float32).reshape(-1, 4)
        return Candidates(rows, np.zeros((len(rows), 5, 2), np.float32), np.ones(len(rows), np.float32))

    boxes = np.stack([box, box, box, np.full(4, np.nan), np.full(4, np.nan)]).astype(np.float32)
    finds = [found(box), found([5, 0, 15, 10], [90, 90, 99, 99]), found(), found(), found(box)]
    figures = measure(finds, boxes)
    assert figures["missed"] == pytest.approx(2 / 3)
    assert figures["overlap_lost"] == pytest.approx(1 - (1 + 1 / 3 + 0) / 3)
    assert figures["false_alarms"] == pytest.approx(1 / 2)


def test_a_handover_whose_stride_does_not_divide_the_input_is_refused(finder_handover, tmp_path):
    values = json.loads((finder_handover / "handover.json").read_text())
    values["input_wh"] = [WIDTH, HEIGHT + 4]
    (tmp_path / "handover.json").write_text(json.dumps(values))
    with pytest.raises(BadInputError, match="does not divide"):
        read_handover(tmp_path / "handover.json")
