import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError, UsageError
from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.contract.manifest import read_model_manifest
from device.inference.models import find_model
from training.data.sets.sample import Sample
from training.measure import evaluate

RNG = np.random.default_rng(2)


def a_sample(number, path=None):
    landmarks = RNG.uniform(50, 150, (68, 2)).astype(np.float32)
    landmarks[36], landmarks[45] = (60, 80), (140, 80)
    return Sample(f"300w/{number}", path, landmarks, "300w")


def test_figures_of_known_errors():
    samples = [a_sample(number) for number in range(4)]
    # Moved by 4, 8 and 12 pixels at an eye distance of 80, and one face missed.
    moved = [samples[i].landmarks + np.array([4.0 * (i + 1), 0]) for i in range(3)]
    figures = evaluate.evaluate([*moved, None], samples, ibug_68)
    assert figures.nme_interocular == pytest.approx(0.1)
    assert (figures.missed, figures.count) == (1, 4)
    assert figures.failure_rate_at_8 == pytest.approx(3 / 4)
    assert figures.failure_rate_at_10 == pytest.approx(2 / 4)
    assert figures.auc_at_10 == pytest.approx((0.05 / 0.1 + 0 + 0) / 4, abs=1e-6)
    assert set(figures.groups) == {"jaw", "brows", "nose", "eyes", "mouth"}
    assert all(value == pytest.approx(0.1) for value in figures.groups.values())


def test_no_face_found_is_no_mean():
    with pytest.raises(BadInputError, match="none of 2 faces"):
        evaluate.evaluate([None, None], [a_sample(0), a_sample(1)], ibug_68)


def test_shaken_boxes_are_the_same_every_time_and_differ_from_the_truth():
    samples = [a_sample(number) for number in range(3)]
    assert evaluate.boxes_of(samples, "shaken") == evaluate.boxes_of(samples, "shaken")
    assert evaluate.boxes_of(samples, "truth") == [sample.box for sample in samples]
    assert evaluate.boxes_of(samples, "shaken") != evaluate.boxes_of(samples, "truth")
    # The first box does not depend on how many follow.
    assert evaluate.boxes_of(samples[:1], "shaken") == evaluate.boxes_of(samples, "shaken")[:1]


@pytest.mark.parametrize("dataset", ["mars:x", "300w", "300w:", "x"])
def test_an_unknown_data_set_is_a_usage_error(dataset):
    with pytest.raises(UsageError, match="300w:FOLDER"):
        evaluate.load_samples(dataset, None)


def test_an_unknown_ending_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"known: \.tflite, \.onnx, \.pt"):
        evaluate.load_predictor(tmp_path / "model.h5")


def test_a_model_that_gives_the_truth_has_no_error(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((200, 200, 3), np.uint8))
    sample = a_sample(0, tmp_path / "a.png")
    predicted = evaluate.predict_boxes(lambda _, box: sample.landmarks + box.x_min * 0, [sample], "truth")
    assert evaluate.evaluate(predicted, [sample], ibug_68).nme_interocular == 0


def test_the_shipped_model_puts_the_astronauts_eyes_where_they_are():
    from device.sources.demo_path import FACE_BOX
    from device.sources.demo_photo import load_photo

    predict, scheme = evaluate.load_predictor(find_model("small"))
    landmarks = predict(load_photo(), FACE_BOX)
    eyes = [landmarks[list(ring)].mean(axis=0) for ring in scheme.eye_rings]
    # Iris to iris, read off the enlarged photograph by eye.
    assert eyes[0] == pytest.approx([203, 101.5], abs=3)
    assert eyes[1] == pytest.approx([247, 103.5], abs=3)
    assert Box.around(landmarks).iou(FACE_BOX) > 0.8


@pytest.mark.data
def test_the_shipped_int8_model_holds_its_promise_on_the_validation_list(root, data_root):
    command = [
        sys.executable, "-m", "training", "evaluate", "--model", str(find_model("small")),
        "--dataset", f"300w:{data_root}/300w", "--list", str(data_root / "300w" / "validation.txt"),
        "--boxes", "shaken", "--json",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    assert (figures["count"], figures["missed"]) == (200, 0)
    assert figures["nme_interocular"] <= 0.043
    metrics = read_model_manifest(find_model("small")).metrics
    # What the conversion measured is what the device's code gives here, and int8 costs next to nothing.
    assert figures["nme_interocular"] == pytest.approx(metrics["validation_nme_interocular"], abs=2e-4)
    float_nme = metrics["validation_nme_interocular_pytorch"]
    assert figures["nme_interocular"] - float_nme <= 0.0005
