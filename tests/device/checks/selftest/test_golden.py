"""The golden outputs belong to the shipped models, and a changed model is noticed."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from device.checks.selftest import golden
from device.checks.selftest.crops import drawn_crops, golden_crops
from device.sources.demo_picture import drawn_face

SMALL = golden.MODELS / "small" / "student.tflite"


@pytest.mark.parametrize("model", golden.shipped_files(), ids=lambda path: path.parent.name)
def test_every_shipped_model_still_says_what_it_said(model):
    (check,) = golden.check_golden(model)
    assert check.passed, check.line


def test_there_are_two_shipped_models_and_no_outputs_of_other_versions():
    models = golden.shipped_files()
    assert len(models) >= 2
    kept = {golden.golden_file(golden.read_any_manifest(model)) for model in models}
    assert set(golden.GOLDEN.glob("*.npz")) == kept


def expected_outputs():
    with np.load(golden.golden_file(golden.read_any_manifest(SMALL))) as kept:
        return dict(kept)


@pytest.mark.parametrize(("steps", "passes"), [(0, True), (1, True), (2, False)])
def test_one_step_is_allowed_and_two_are_not(steps, passes):
    expected = expected_outputs()
    got = {key: value.copy() for key, value in expected.items()}
    key = "rings/PartitionedCall:0"
    place = np.unravel_index(np.argmin(got[key]), got[key].shape)
    got[key][place] += steps
    check = golden.compare_outputs("golden", expected, got)
    assert check.passed is passes
    assert f"{steps} step(s)" in check.got
    assert passes or "rings" in check.got


def test_the_largest_difference_of_int8_does_not_overflow():
    expected = {"a": np.zeros(32, np.int8), "a/x": np.array([-128], np.int8)}
    got = {"a": np.zeros(32, np.int8), "a/x": np.array([127], np.int8)}
    assert "255 step(s)" in golden.compare_outputs("golden", expected, got).got


def test_another_picture_is_told_as_such_and_not_as_a_broken_model():
    expected = expected_outputs()
    check = golden.compare_outputs("golden", expected, {**expected, "face": 1 - expected["face"]})
    assert not check.passed
    assert check.got == "other crops (face)"
    assert "install this package again" in check.remedy


def test_a_model_with_other_weights_of_the_same_name_has_no_outputs_or_fails(tmp_path, monkeypatch):
    shutil.copytree(SMALL.parent, tmp_path / "small")
    model = tmp_path / "small" / "student.tflite"
    assert golden.check_golden(model)[0].passed
    data = bytearray(model.read_bytes())
    # A run of weights: the longest stretch without zeros is in a convolution, whichever it is.
    middle = len(data) // 2
    data[middle : middle + 256] = bytes(256)
    model.write_bytes(data)
    path = model.with_suffix(".json")
    manifest = json.loads(path.read_text())
    manifest["sha256"] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(manifest))
    # A model of the user's own: nothing to compare with.
    assert golden.check_golden(model) == []
    # The same file in the place of the shipped one, under the old outputs.
    original = golden.golden_file(golden.read_any_manifest(SMALL))
    monkeypatch.setattr(golden, "golden_file", lambda manifest: original)
    (check,) = golden.check_golden(model)
    assert not check.passed
    assert "runtime computes" in check.remedy


def test_writing_keeps_what_the_check_reads_and_removes_earlier_versions(tmp_path, monkeypatch):
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    (tmp_path / "small-00000000.npz").write_bytes(b"old")
    kept = golden.write_golden(SMALL)
    assert list(tmp_path.iterdir()) == [kept]
    assert golden.check_golden(SMALL)[0].passed


def test_a_shipped_model_without_outputs_fails_with_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    (check,) = golden.check_golden(SMALL)
    assert not check.passed
    assert "python -m device.checks.selftest.golden" in check.remedy


@pytest.mark.parametrize("size_wh", [(128, 128), (192, 160)])
def test_crops_have_the_size_asked_for_and_are_made_the_same_twice(size_wh):
    first, second = (golden_crops(drawn_face(), size_wh) for _ in range(2))
    assert len(first) == 7
    for name, crop in first.items():
        assert crop.shape == (size_wh[1], size_wh[0], 3)
        assert crop.dtype == np.uint8
        assert np.array_equal(crop, second[name])
    assert len({crop.tobytes() for crop in first.values()}) == 7


def test_drawings_are_integers_of_their_formulas():
    drawn = drawn_crops((8, 4))
    assert drawn["slopes"][3, 5].tolist() == [5 * 255 // 8, 3 * 255 // 4, 8 * 255 // 12]
    # (2x - W)^2 + (2y - H)^2 = 64 + 16 = 80 at the corner: the first ring, dark.
    assert drawn["rings"][0, 0].tolist() == [0, 0, 0]
    assert 100 < drawn_crops((64, 64))["noise"].mean() < 155
