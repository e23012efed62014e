import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract.codec import (
    HeatmapCodec,
    decode_coordinates,
    exponential_table,
    map_weights,
    relu_table,
    score_of_spread,
    softmax_weights,
    table_of,
)
from device.contract.tensors import TensorSpec

codec = HeatmapCodec((32, 32), 4.0)


@given(st.floats(24, 104), st.floats(24, 104), st.floats(4, 7))
def test_a_point_survives_encoding_and_decoding(x, y, sigma_px):
    landmarks = np.array([[x, y], [y, x]], np.float32)
    maps = codec.encode(landmarks, sigma_px)
    decoded, spread = codec.decode(softmax_weights(maps, None))
    assert np.abs(decoded - landmarks).max() < 2e-2
    # Along one axis the spread of a Gaussian is its sigma; the grid's own contribution is below 1 %.
    assert spread == pytest.approx([sigma_px, sigma_px], rel=0.02)


def test_cells_stand_for_the_middle_of_the_pixels_they_cover():
    weights = np.zeros((32, 32, 1), np.float32)
    weights[3, 7] = 1
    decoded, spread = codec.decode(weights)
    # Cell 7 covers pixels 28 to 31, whose middle is 29.5; cell 3 covers 12 to 15.
    assert decoded[0] == pytest.approx([29.5, 13.5], abs=1e-4)
    assert spread[0] == pytest.approx(0, abs=1e-2)


def test_decoding_is_the_weighted_mean_of_the_cells():
    rng = np.random.default_rng(3)
    weights = rng.random((32, 32, 5), dtype=np.float32)
    decoded, spread = codec.decode(weights)
    for k in range(5):
        mass = weights[:, :, k].astype(np.float64)
        mass /= mass.sum()
        x = sum(mass[i, j] * (4 * j + 1.5) for i in range(32) for j in range(32))
        y = sum(mass[i, j] * (4 * i + 1.5) for i in range(32) for j in range(32))
        variance = sum(
            mass[i, j] * ((4 * j + 1.5 - x) ** 2 + (4 * i + 1.5 - y) ** 2)
            for i in range(32)
            for j in range(32)
        )
        assert decoded[k] == pytest.approx([x, y], abs=1e-3)
        assert spread[k] == pytest.approx(np.sqrt(variance / 2), rel=1e-4)


def test_the_table_of_int8_exponentials_gives_the_softmax_of_the_dequantised_map():
    spec = TensorSpec("map", (1, 32, 32, 4), "int8", 0.11, -9)
    maps = np.random.default_rng(0).integers(-128, 128, (32, 32, 4), dtype=np.int8)
    by_table, _ = codec.decode(softmax_weights(maps, exponential_table(spec)))
    by_float, _ = codec.decode(softmax_weights(spec.dequantise(maps), None))
    assert np.abs(by_table - by_float).max() < 1e-3


def test_a_wider_map_gives_a_lower_score():
    scores = score_of_spread(np.array([0.0, 3.0, 6.0, 30.0], np.float32), 6.0)
    assert scores == pytest.approx([1.0, 0.8, 0.5, 1 / 26])


def test_the_positive_part_of_a_map_is_read_as_its_mean():
    maps = np.full((8, 8, 2), -1.0, np.float32)
    # Mass 3 in one cell and 1 two columns on: a quarter of the way.
    maps[2, 3, 0], maps[2, 5, 0] = 3.0, 1.0
    landmarks_crop, _ = HeatmapCodec((8, 8), 4.0).decode(map_weights("relu_expectation", maps, None))
    assert landmarks_crop[0] == pytest.approx([(3.5 + 0.25 * 2) * 4 - 0.5, 2.5 * 4 - 0.5], abs=1e-3)
    # A map without any mass: the middle, and no division by zero.
    assert landmarks_crop[1] == pytest.approx([15.5, 15.5], abs=1e-3)


def test_the_positive_part_by_table_is_that_of_the_reals():
    spec = TensorSpec("heatmap", (1, 8, 8, 3), "int8", 0.02, -90)
    maps = np.random.default_rng(0).integers(-128, 128, (8, 8, 3)).astype(np.int8)
    by_table = map_weights("relu_expectation", maps, table_of("relu_expectation", spec))
    assert by_table == pytest.approx(map_weights("relu_expectation", spec.dequantise(maps), None), abs=1e-6)
    assert relu_table(spec).min() > 0
    assert table_of("softmax_expectation", TensorSpec("heatmap", (1, 8, 8, 3), "float32")) is None


def test_coordinates_are_crop_sides_from_the_middle():
    landmarks_crop = decode_coordinates(np.array([0.0, 0.0, -0.5, 0.25]), (128, 64))
    assert landmarks_crop.tolist() == [[63.5, 31.5], [-0.5, 47.5]]
