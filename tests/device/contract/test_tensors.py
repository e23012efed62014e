import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.contract.tensors import TensorSpec


@given(st.floats(1e-4, 10), st.integers(-128, 127), st.lists(st.floats(-5, 5), min_size=1))
def test_quantising_is_right_to_half_a_step_within_the_range(scale, zero_point, values):
    spec = TensorSpec("t", (len(values),), "int8", scale, zero_point)
    low, high = (np.array([-128, 127]) - zero_point) * scale
    real = np.clip(np.array(values, np.float32), low, high)
    assert np.abs(spec.dequantise(spec.quantise(real)) - real).max() <= scale * 0.5001 + 1e-5


def test_the_networks_input_is_the_pixel_with_its_highest_bit_flipped():
    spec = TensorSpec("image", (256,), "int8", 1 / 128, 0)
    pixels = np.arange(256, dtype=np.uint8)
    real = (pixels.astype(np.float32) - 128) / 128
    assert (spec.quantise(real) == (pixels ^ 0x80).view(np.int8)).all()


def test_a_float_tensor_passes_through():
    spec = TensorSpec("t", (3,), "float32")
    real = np.array([0.1, -2.5, 7.0], np.float32)
    assert (spec.dequantise(spec.quantise(real)) == real).all()
    assert not spec.quantised


def test_one_value_means_what_it_means_in_an_array() -> None:
    quantised, real = (
        TensorSpec("presence", (1, 1), "int8", 0.5, -3),
        TensorSpec("presence", (1, 1), "float32"),
    )
    assert quantised.real(5) == 4.0 == quantised.dequantise(np.array([5], np.int8))[0]
    assert real.real(1.25) == 1.25
