"""The comparison finds a form of the network that is not the network any more."""

from types import SimpleNamespace

import numpy as np
import pytest

from convert.handover.arrays import Reference
from convert.stations import compare
from convert.stations.compare import (
    Difference,
    check_device_reading,
    check_float_forms,
    check_presence,
    compare_forms,
    compare_presence,
    read_all,
)
from convert.stations.loss import int8_loss
from convert.tflite.runners import Reading, real_nchw, replay
from device.contract.decoding import landmark_decoder
from device.contract.errors import GateError, VerifyFailedError
from device.contract.landmarks import ibug_68
from device.contract.manifest import CodecRule
from device.contract.shape import ShapeCorrection
from tests.convert.tiny import DESCRIPTION, blotches, ring_of_landmarks

RING = ring_of_landmarks(1)[0]
EYE_DISTANCE = np.linalg.norm(RING[45] - RING[36])


def maps_of(landmarks_crop):
    """(32, 32, 68) narrow peaks at the landmarks."""
    cells = np.arange(32) * 4 + 1.5
    x, y = cells[None, :, None], cells[:, None, None]
    squares = (x - landmarks_crop[:, 0]) ** 2 + (y - landmarks_crop[:, 1]) ** 2
    return (-squares / (2 * 6.0**2)).astype(np.float32)


def readings_of(*landmarks, presence=0.0):
    return [Reading(each, presence) for each in landmarks]


@pytest.fixture
def comparison():
    moved = RING + np.float32([3.0, 4.0])
    same = readings_of(RING, RING, RING)
    readings = {"pytorch": same, "onnx": same, "float32": same, "int8": readings_of(moved, moved, moved)}
    return compare_forms(readings, ring_of_landmarks(3), ibug_68)


def test_a_form_that_moves_every_point_by_d_has_an_nme_of_d_over_the_eye_distance(comparison):
    models = comparison["models"]
    assert models["pytorch"]["nme_interocular"] == pytest.approx(0, abs=1e-4)
    assert models["int8"]["nme_interocular"] == pytest.approx(5 / EYE_DISTANCE, abs=1e-4)
    assert comparison["int8_loss_points"] == pytest.approx(500 / EYE_DISTANCE, abs=0.01)
    assert models["int8"]["difference"]["landmarks_px"] == pytest.approx(
        {"largest": 4, "mean": 3.5}, abs=0.01
    )


def test_the_loss_has_an_interval_and_names_the_worst_face():
    reference = [0.03] * 100
    # One face of a hundred loses 10 points: the mean is 0.1, and a resample may hold it 0 to 3 times.
    loss = int8_loss([0.03] * 41 + [0.13] + [0.03] * 58, reference)
    assert loss["int8_loss_points"] == pytest.approx(0.1)
    assert loss["worst_face"] == {"crop": 41, "loss_points": pytest.approx(10)}
    assert loss["int8_loss_interval_points"] == pytest.approx([0.0, 0.3], abs=0.01)


def test_stored_outputs_are_replayed_in_order():
    form = replay(Reference(np.stack([RING, RING + 1]), np.float32([2.0, 3.0])))
    read = read_all({"pytorch": form}, blotches(2, 0))["pytorch"]
    assert [reading.presence for reading in read] == [2.0, 3.0]
    assert np.array_equal(read[1].landmarks_crop, RING + 1)


def test_landmarks_go_through_the_shape_correction():
    numbers = np.zeros((136, 138))
    numbers[:, 0] = (RING - RING.mean(axis=0)).ravel() / EYE_DISTANCE
    numbers[1::2, 1] = 0.1
    rule = CodecRule(**DESCRIPTION["codec"])
    corrected = CodecRule(**{**DESCRIPTION["codec"], "shape": ShapeCorrection(numbers).to_text()})
    plain, moved = (landmark_decoder(each, (128, 128), 68)(maps_of(RING)) for each in (rule, corrected))
    # A tenth of the eye distance down, in a frame as the ring itself stands.
    assert moved - plain == pytest.approx(np.tile([0, 0.1 * EYE_DISTANCE], (68, 1)), abs=0.05)


def test_float_forms_may_round_but_not_move(comparison):
    check_float_forms(comparison)
    for moved in (compare.FLOAT_TOLERANCE_PX * 1.1, float("nan")):
        comparison["models"]["onnx"]["difference"]["landmarks_px"]["largest"] = moved
        with pytest.raises(GateError, match="the onnx form moves a landmark"):
            check_float_forms(comparison)


def test_a_presence_that_can_only_say_yes_is_refused():
    # What a range from faces alone makes of a logit of -6: the least it can say is 0.
    sure, unsure, close = (readings_of(RING, RING, presence=logit) for logit in (-6.0, 0.0, -5.9))
    presence = {"no_faces": compare_presence({"pytorch": sure, "int8": unsure})}
    assert presence["no_faces"]["pytorch"]["mean"] == pytest.approx(1 / (1 + np.e**6))
    with pytest.raises(GateError, match=r"int8 presence on no_faces is 0\.498"):
        check_presence({"presence": presence}, 0.03)
    check_presence({"presence": presence}, 100)
    check_presence({"presence": {"no_faces": compare_presence({"pytorch": sure, "int8": close})}}, 0.03)


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
    assert check_device_reading(
        tmp_path, crops, readings_of(RING, RING + np.float32(0.002))
    ) == pytest.approx(0.002, 0.01)
    with pytest.raises(VerifyFailedError, match=r"0\.5 px off"):
        check_device_reading(tmp_path, crops, readings_of(RING, RING + np.float32(0.5)))


def test_the_real_input_is_the_pixel_less_128_over_128_channels_first():
    crop = np.zeros((2, 3, 3), np.uint8)
    crop[1, 2] = [0, 128, 255]
    real = real_nchw(crop)
    assert real.shape == (1, 3, 2, 3)
    assert real[0, :, 1, 2].tolist() == [-1.0, 0.0, 127 / 128]


class Described:
    """What `mirror_error` asks of a handover."""

    crop = SimpleNamespace(size_wh=(128, 128))
    landmark_scheme = ibug_68


def mirrored(landmarks):
    """The points of a mirrored crop, left and right renamed by hand-made pairs."""
    other = landmarks.copy()
    other[:, 0] = 127 - other[:, 0]
    for first, second in ibug_68.swap_pairs:
        other[[first, second]] = other[[second, first]]
    return other


def test_a_network_that_finds_a_mirrored_face_has_no_mirror_error():
    face = np.random.default_rng(0).uniform(30, 90, (68, 2)).astype(np.float32)
    same = compare.mirror_error(readings_of(face), readings_of(mirrored(face)), Described)
    assert same == pytest.approx(0, abs=1e-6)
    # Off by 6 of the 60 pixels that the face is wide or high.
    off = compare.mirror_error(readings_of(face), readings_of(mirrored(face) + np.float32([6, 0])), Described)
    assert off == pytest.approx(6 / np.ptp(face, axis=0).max(), rel=1e-3)


def test_points_that_fall_together_are_no_face():
    point = np.full((68, 2), 40, np.float32)
    assert compare.mirror_error(readings_of(point), readings_of(point), Described) > 1e3
