"""The error of a layer is the distance between the two files' tensors, in decibels of the signal."""

import numpy as np
import pytest

from convert.report.page import page
from convert.stations.layers import NO_NOISE_DB, _Sums, layer_errors
from tests.convert.tiny import blotches


def test_a_tenth_of_the_signal_as_noise_is_twenty_decibels():
    sums = _Sums()
    sums.add(np.array([1.1, 2.2]), np.array([1.0, 2.0]))
    assert sums.decibels == pytest.approx(20)
    assert (sums.largest, sums.error / sums.count) == (pytest.approx(0.2), pytest.approx(0.15))


def test_an_exact_layer_has_a_number_too():
    sums = _Sums()
    sums.add(np.ones(3), np.ones(3))
    assert sums.decibels == NO_NOISE_DB


@pytest.mark.convert
def test_layers_of_a_conversion_are_named_worst_first(converted):
    work = converted / "work"
    layers = layer_errors(work / "student_float32.tflite", work / "student.tflite", blotches(2, seed=5))
    decibels = [layer.signal_to_noise_db for layer in layers]
    assert decibels == sorted(decibels)
    assert len(layers) > 10
    assert 10 < decibels[0] < NO_NOISE_DB
    assert {layer.operator for layer in layers} >= {"CONV_2D", "ADD"}


@pytest.mark.convert
def test_the_page_needs_nothing_beside_it_and_shows_faces_and_every_form(converted):
    html = (converted / "conversion.html").read_text()
    assert html.count("data:image/png;base64,") == 6
    assert "http" not in html.replace("http-equiv", "")
    assert '<meta name="viewport"' in html
    for words in ("PyTorch", "ONNX Runtime", "TFLite float32", "TFLite int8", "Edge TPU, by its rules"):
        assert words in html


def test_what_a_name_holds_is_text_on_the_page_and_not_markup():
    summary = {"mean": 0.0, "largest": 0.0}
    figures = {"nme_interocular": 0.04, "failure_rate_at_10": 0.0, "difference": {"landmarks_px": summary}}
    names = ("student.onnx", "student_float32.tflite", "student.tflite")
    report = {
        "name": "<script>",
        "stem": "student",
        "figure": "nme_interocular",
        "original": "pytorch",
        "gate": {"passed": False, "int8_loss_points": 0.2, "int8_budget_points": 0.1},
        "network": {"parameters": 1000},
        "comparison": {
            "validation_crops": 3,
            "models": dict.fromkeys(("pytorch", "onnx", "float32", "int8"), figures),
        },
        "operators": {"student.tflite": {"CONV_2D v3": 2}},
        "accelerators": {
            "edgetpu": {"mapped": 2, "unmapped": 0, "fully_mapped": True, "parameter_bytes": 10},
            "ethos_u": [],
        },
        "ranges": [{"operator": "CONV_2D", "least": -1.0, "most": 1.0, "scale": 0.1, "zero_point": 0}],
        "variants": None,
        "artifacts": [{"path": f"work/{name}", "bytes": 1, "sha256": "0"} for name in names],
        "tools": {},
    }
    html = page(report, [])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "Nothing was delivered." in html
