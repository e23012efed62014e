"""The comparison finds a form of the network that is not the network any more."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convert.handover.handover import ValidationSet, read_handover
from convert.stations import compare
from convert.stations.compare import (
    Difference,
    check_device_reading,
    check_float_forms,
    check_presence,
    compare_models,
    compare_presence,
    int8_loss_points,
)
from convert.tflite.runners import Outputs, real_nchw
from device.contract.errors import GateError, VerifyFailedError
from device.contract.shape import ShapeCorrection
from tests.convert.tiny import blotches, ring_of_landmarks


def runner_drawing(landmarks_crop, presence=0.0):
    """A network that draws a narrow peak at each landmark, whatever the crop."""
    cells = np.arange(32) * 4 + 1.5
    x, y = cells[None, :, None], cells[:, None, None]
    maps = -((x - landmarks_crop[:, 0]) ** 2 + (y - landmarks_crop[:, 1]) ** 2) / (2 * 6.0**2)
    return lambda crop: Outputs(maps.astype(np.float32), presence)


RING = ring_of_landmarks(1)[0]
EYE_DISTANCE = np.linalg.norm(RING[45] - RING[36])


@pytest.fixture
def compared(tiny_handover):
    handover = read_handover(tiny_handover / "handover.json")
    validation = ValidationSet(blotches(3, 0), ring_of_landmarks(3))
    runners = {
        "pytorch": runner_drawing(RING),
        "onnx": runner_drawing(RING),
        "float32": runner_drawing(RING),
        "int8": runner_drawing(RING + np.float32([3.0, 4.0])),
    }
    return compare_models(runners, validation, handover)


def test_a_form_that_moves_every_point_by_d_has_an_nme_of_d_over_the_eye_distance(compared):
    comparison, landmarks = compared
    models = comparison["models"]
    assert models["pytorch"]["nme_interocular"] == pytest.approx(0, abs=1e-4)
    assert models["int8"]["nme_interocular"] == pytest.approx(5 / EYE_DISTANCE, abs=1e-4)
    assert int8_loss_points(comparison) == pytest.approx(500 / EYE_DISTANCE, abs=0.01)
    assert models["int8"]["difference"]["landmarks_px"] == pytest.approx(
        {"largest": 4, "mean": 3.5}, abs=0.01
    )
    assert len(landmarks["int8"]) == 3


def test_landmarks_go_through_the_handovers_shape_correction(tiny_handover):
    handover = read_handover(tiny_handover / "handover.json")
    numbers = np.zeros((136, 138))
    numbers[:, 0] = (RING - RING.mean(axis=0)).ravel() / EYE_DISTANCE
    numbers[1::2, 1] = 0.1
    rule = replace(handover.codec, shape=ShapeCorrection(numbers).to_text())
    outputs = runner_drawing(RING)(None)
    moved = compare.decoder_of(replace(handover, codec=rule))(outputs)
    plain = compare.decoder_of(handover)(outputs)
    # A tenth of the eye distance down, in a frame as the ring itself stands.
    assert moved - plain == pytest.approx(np.tile([0, 0.1 * EYE_DISTANCE], (68, 1)), abs=0.05)


def test_float_forms_may_round_but_not_move(compared):
    comparison, _ = compared
    check_float_forms(comparison)
    for moved in (compare.FLOAT_TOLERANCE_PX * 1.1, float("nan")):
        comparison["models"]["onnx"]["difference"]["landmarks_px"]["largest"] = moved
        with pytest.raises(GateError, match="the onnx form moves a landmark"):
            check_float_forms(comparison)


def test_a_presence_that_can_only_say_yes_is_refused():
    # What a range from faces alone makes of a logit of -6: the least it can say is 0.
    runners = {"pytorch": runner_drawing(RING, -6.0), "int8": runner_drawing(RING, 0.0)}
    presence = {"no_faces": compare_presence(runners, blotches(2, 0))}
    assert presence["no_faces"]["pytorch"]["mean"] == pytest.approx(1 / (1 + np.e**6))
    with pytest.raises(GateError, match=r"int8 presence on no_faces is 0\.498"):
        check_presence({"presence": presence})
    runners["int8"] = runner_drawing(RING, -5.9)
    check_presence({"presence": {"no_faces": compare_presence(runners, blotches(2, 0))}})


def test_a_difference_keeps_the_largest_and_the_mean_and_does_not_lose_a_nan():
    difference = Difference()
    difference.add(np.array([1.0, 2.0]), np.array([1.5, 4.0]))
    difference.add(3.0, 2.5)
    assert difference.summary() == {"largest": 2.0, "mean": 1.0}
    difference.add(float("nan"), 0.0)
    difference.add(0.0, 0.0)
    assert np.isnan(difference.largest)


def test_a_device_that_reads_other_landmarks_from_the_file_is_an_error(monkeypatch, tmp_path):
    decoded = SimpleNamespace(landmarks_crop=RING)
    network = SimpleNamespace(infer=lambda crop: None, decode=lambda: decoded)
    monkeypatch.setattr("device.inference.network.LandmarkNetwork", lambda model: network)
    crops = blotches(2, 0)
    assert check_device_reading(tmp_path, crops, [RING, RING + np.float32(0.002)]) == pytest.approx(
        0.002, 0.01
    )
    with pytest.raises(VerifyFailedError, match=r"0\.5 px off"):
        check_device_reading(tmp_path, crops, [RING, RING + np.float32(0.5)])


def test_the_real_input_is_the_pixel_less_128_over_128_channels_first():
    crop = np.zeros((2, 3, 3), np.uint8)
    crop[1, 2] = [0, 128, 255]
    real = real_nchw(crop)
    assert real.shape == (1, 3, 2, 3)
    assert real[0, :, 1, 2].tolist() == [-1.0, 0.0, 127 / 128]
