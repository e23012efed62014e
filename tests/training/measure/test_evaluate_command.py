"""`python -m training evaluate` as the final examination calls it: nested folders, every kind of model."""

import json

import cv2
import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from device.contract.landmarks import ibug_68
from device.finders.finder import FoundFace
from device.inference.models import find_model
from device.sources.demo_path import FACE_BOX
from device.sources.demo_photo import load_photo
from device.tracking.crop import crop_image
from tests.training.data.sets.test_sets import write_pts
from tests.training.engine.test_loop import tiny_settings
from training import __main__ as program
from training.engine.checkpoint import save_network
from training.measure import evaluate
from training.models import build_model

KEYS = {
    "left_out",
    "nme_interocular",
    "nme_interpupil",
    "nme_box",
    "failure_rate_at_5",
    "failure_rate_at_8",
    "failure_rate_at_10",
    "auc_at_5",
    "auc_at_8",
    "auc_at_10",
    "missed",
    "count",
    "groups",
    "yaw_bins",
    "subsets",
    "points",
}


@pytest.fixture(scope="module")
def model():
    return find_model("small")


@pytest.fixture(scope="module")
def faces(tmp_path_factory, model):
    """Two nested folders of one photograph, labelled by the shipped model from the true box."""
    folder = tmp_path_factory.mktemp("300w")
    predict, _ = evaluate.load_predictor(model)
    photo = load_photo()
    landmarks = predict(photo, FACE_BOX)
    for name, labels in (("LFPW/testset/image_0001.png", ".PTS"), ("HELEN/testset/a_1.JPG", ".pts")):
        path = folder / name
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), photo)
        write_pts(path.with_suffix(labels), landmarks + 1)  # .pts counts from 1
    return folder


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["training", "evaluate", *map(str, arguments)])
    assert program.main() == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("boxes", ["truth", "shaken", "finder"])
def test_a_tflite_on_nested_folders_gives_exactly_the_documented_keys(
    monkeypatch, capsys, faces, model, boxes
):
    out = run(monkeypatch, capsys, "--model", model, "--dataset", f"300w:{faces}", "--boxes", boxes, "--json")
    figures = json.loads(out)
    assert set(figures) == KEYS
    assert set(figures["groups"]) == {"jaw", "brows", "nose", "eyes", "mouth"}
    assert (figures["count"], figures["missed"]) == (2, 0)
    assert list(figures["yaw_bins"]) == ["0-15"]
    # Labelled by the same model: what is left is another crop's rounding, and JPEG in one of the two.
    assert figures["nme_interocular"] < 0.03
    assert figures["auc_at_8"] > 0.6


def test_the_models_own_labels_come_back_so_the_first_pixel_is_one(monkeypatch, capsys, faces, model):
    out = run(
        monkeypatch, capsys, "--model", model, "--dataset", f"300w:{faces}", "--boxes", "truth", "--json"
    )
    # A counting from 0 or twice from 1 would be 1 pixel to each side, 1.4 of some 70 between the eyes.
    assert json.loads(out)["nme_interocular"] < 0.01


def test_a_list_a_ced_and_the_points_without_the_jaw(monkeypatch, capsys, tmp_path, faces, model):
    (tmp_path / "list.txt").write_text("HELEN/testset/a_1\n")
    out = run(
        monkeypatch, capsys, "--model", model, "--dataset", f"300w:{faces}", "--list", tmp_path / "list.txt",
        "--points", 51, "--ced", tmp_path / "ced.png", "--json",
    )  # fmt: skip
    figures = json.loads(out)
    assert figures["count"] == 1
    assert set(figures["groups"]) == {"brows", "nose", "eyes", "mouth"}
    assert cv2.imread(str(tmp_path / "ced.png")).shape[1] == 550


def test_a_checkpoint_and_a_conversions_onnx_give_what_the_network_gives(
    monkeypatch, capsys, tmp_path, faces
):
    settings = tiny_settings()
    torch.manual_seed(0)
    network = build_model(settings.model, 68).eval()
    save_network(network, settings, {}, tmp_path / "network.pt")
    side = settings.model.input_side
    torch.onnx.export(network, (torch.zeros(1, 3, side, side),), tmp_path / "student.onnx", verbose=False)
    rules = {
        "scheme": "ibug_68",
        "crop": {"margin": settings.margin, "size_wh": [side, side]},
        "codec": {"name": "softmax_expectation"},
    }
    (tmp_path / "handover.json").write_text(json.dumps(rules))
    told = [
        json.loads(
            run(monkeypatch, capsys, "--model", tmp_path / name, "--dataset", f"300w:{faces}", "--json")
        )
        for name in ("network.pt", "student.onnx")
    ]
    assert told[0]["nme_interocular"] == pytest.approx(told[1]["nme_interocular"], rel=1e-4)
    assert told[0]["nme_box"] > 0.05  # nobody trained it


def test_an_onnx_without_its_handover_is_named(tmp_path):
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    path = tmp_path / "a" / "b" / "c" / "student.onnx"
    path.write_bytes(b"")
    with pytest.raises(BadInputError, match=r"has no handover\.json near it"):
        evaluate.load_predictor(path)


class FakeFinder:
    """Sees a face at each of the given boxes, wherever it looks."""

    def __init__(self, *boxes):
        self.boxes = boxes

    def find(self, image):
        return [FoundFace(box, 1.0) for box in self.boxes]


def test_a_found_face_is_the_one_that_overlaps_the_truth_and_no_other(faces, model):
    predict, _ = evaluate.load_predictor(model)
    samples = evaluate.load_samples(f"300w:{faces}", None)
    beside = type(FACE_BOX)(0, 300, 60, 360)
    found = evaluate.predict_found_boxes(predict, FakeFinder(beside, FACE_BOX), samples)
    assert evaluate.evaluate(found, samples, ibug_68).nme_interocular < 0.03
    assert evaluate.predict_found_boxes(predict, FakeFinder(), samples) == [None, None]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "a.png").write_bytes(b"no picture"), r"a\.png cannot be read"),
        (
            lambda folder: (folder / "a.pts").write_text("{\n" + "1 2\n" * 67 + "}"),
            "holds 67 points, wanted 68",
        ),
        (lambda folder: (folder / "a.pts").unlink(), r"no \.pts file below"),
        (lambda folder: (folder / "a.png").unlink(), "no picture beside it"),
        (
            lambda folder: write_pts(folder / "a.pts", np.linspace(900, 990, 136).reshape(68, 2)),
            "landmark 67",
        ),
    ],
)
def test_a_damaged_face_ends_the_command_with_one_line(tmp_path, model, spoil, message):
    photo = load_photo()
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    write_pts(tmp_path / "a.pts", np.linspace(100, 200, 136).reshape(68, 2))
    spoil(tmp_path)
    with pytest.raises(BadInputError, match=message) as caught:
        evaluate.predict_boxes(
            lambda image, box: np.zeros((68, 2)), evaluate.load_samples(f"300w:{tmp_path}", None), "shaken"
        )
    assert "\n" not in str(caught.value)


def test_crops_are_cut_as_the_device_cuts_them(model, faces):
    """The same crop through the device's network, by hand."""
    from device.contract.geometry import CropTransform
    from device.inference.network import LandmarkNetwork

    network = LandmarkNetwork(model)
    sample = evaluate.load_samples(f"300w:{faces}", None)[0]
    rule = network.manifest.crop
    way = CropTransform.for_box(sample.box, rule.margin, rule.size_wh)
    network.infer(crop_image(cv2.imread(str(sample.path)), way))
    wanted = way.crop_to_frame(network.decode().landmarks_crop)
    predict, _ = evaluate.load_predictor(model)
    np.testing.assert_array_equal(evaluate.predict_boxes(predict, [sample], "truth")[0], wanted)
