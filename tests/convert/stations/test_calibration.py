"""The calibration set spans every pixel value and both answers of the presence logit."""

import numpy as np

from convert.stations.calibration import (
    choose_crops,
    make_calibration_set,
    no_face_crops,
    onnx2tf_sample,
    with_full_range,
)
from tests.convert.tiny import blotches


def test_chosen_crops_run_evenly_from_the_first_to_the_last():
    crops = np.arange(101, dtype=np.uint8).reshape(101, 1, 1, 1)
    assert choose_crops(crops, 5).ravel().tolist() == [0, 25, 50, 75, 100]
    assert choose_crops(crops, 200) is crops


def test_black_and_white_pixels_are_added_to_one_crop_and_to_no_other():
    crops = blotches(3, seed=0)
    widened = with_full_range(crops)
    assert (crops.min(), crops.max()) > (0, 0)
    assert (widened.min(), widened.max()) == (0, 255)
    assert np.array_equal(widened[1:], crops[1:])
    assert (widened[0] != crops[0]).any(axis=-1).sum() == 2


def test_an_input_range_of_those_pixels_has_a_scale_of_1_128_and_zero_point_0():
    crops = make_calibration_set(blotches(8, seed=0), 8)
    real = (crops.astype(np.float64) - 128) / 128
    # TFLite's affine rule: 255 steps from the smallest to the largest real.
    scale = (real.max() - real.min()) / 255
    assert scale == 1 / 128
    assert -128 - real.min() / scale == 0


def test_a_crop_without_a_face_is_an_enlarged_corner_of_a_face_crop():
    crops = np.zeros((4, 64, 64, 3), np.uint8)
    for number, (row, column) in enumerate([(0, 0), (48, 0), (0, 48), (48, 48)]):
        crops[number, row : row + 16, column : column + 16] = 200
    assert (no_face_crops(crops) == 200).all()


def test_a_fifth_of_the_calibration_set_shows_no_face():
    assert len(make_calibration_set(blotches(40, seed=0), 20)) == 20 + 5


def test_a_network_that_never_met_faceless_crops_is_calibrated_without():
    assert len(make_calibration_set(blotches(40, seed=0), 20, faceless=False)) == 20


def test_the_sample_that_onnx2tf_would_download_is_made_of_our_crops():
    crops = np.zeros((3, 64, 96, 3), np.uint8)
    crops[1, :, :, 0] = 255
    sample = onnx2tf_sample(crops)
    assert (sample.shape, sample.dtype) == ((20, 128, 128, 3), np.float32)
    # The second crop is blue, the last channel of RGB, and comes round again every third.
    assert sample[[1, 4, 19]].mean(axis=(0, 1, 2)).tolist() == [0.0, 0.0, 1.0]
    assert sample[[0, 2, 3, 18]].max() == 0.0
