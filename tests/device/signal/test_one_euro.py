"""The One Euro filter: its formula step by step, rest, motion."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.signal.one_euro import OneEuro, OneEuroParameters, smoothing_factor


def by_the_paper(values, seconds, cutoffs):
    """One number at a time, written from the paper's formulas: alpha = 1 / (1 + tau / Te)."""
    filtered, speed = values[0], 0.0

    def alpha(cutoff_hz):
        return 1 / (1 + 1 / (2 * math.pi * cutoff_hz) / seconds)

    out = [filtered]
    for value in values[1:]:
        derivative = (value - filtered) / seconds
        speed += alpha(cutoffs.d_cutoff_hz) * (derivative - speed)
        share = alpha(cutoffs.min_cutoff_hz + cutoffs.beta * abs(speed))
        filtered = share * value + (1 - share) * filtered
        out.append(filtered)
    return out


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=30), st.floats(0.001, 0.5))
def test_numbers_are_filtered_as_the_paper_says(values, seconds):
    cutoffs = OneEuroParameters(min_cutoff_hz=1.2, beta=0.7, d_cutoff_hz=1.0)
    euro = OneEuro(cutoffs, np.array(values[:1]))
    got = [values[0], *(float(euro.follow(np.array([value]), seconds)[0]) for value in values[1:])]
    np.testing.assert_allclose(got, by_the_paper(values, seconds, cutoffs), atol=1e-9)


def test_a_point_of_the_plane_has_one_cutoff_for_both_axes():
    euro = OneEuro(OneEuroParameters(1.0, 5.0, 1.0), np.array([0j]))
    moved = euro.follow(np.array([3 + 4j]), 0.1)[0]
    assert moved.imag / moved.real == pytest.approx(4 / 3)


def test_white_noise_at_rest_is_reduced_as_a_first_order_low_pass_does():
    noise = np.random.default_rng(0).normal(size=(20000, 1))
    euro, share = OneEuro(OneEuroParameters(0.5, 0.0, 1.0), np.zeros(1)), float(smoothing_factor(0.5, 1 / 30))
    filtered = np.array([euro.follow(value, 1 / 30) for value in noise])
    assert filtered.std() == pytest.approx(math.sqrt(share / (2 - share)), rel=0.05)


def test_values_that_do_not_change_stay_exactly_what_they_are():
    euro = OneEuro(OneEuroParameters(1.0, 1.0, 1.0), np.array([2.5, -1.0]))
    for _ in range(5):
        np.testing.assert_array_equal(euro.follow(np.array([2.5, -1.0]), 0.03), [2.5, -1.0])


@given(st.lists(st.complex_numbers(max_magnitude=10), min_size=2, max_size=10))
def test_one_point_alone_is_filtered_as_in_an_array(values):
    cutoffs = OneEuroParameters(0.3, 0.5, 2.0)
    alone, together = OneEuro(cutoffs, values[0]), OneEuro(cutoffs, np.array(values[:1]))
    for value in values[1:]:
        expected = together.follow(np.array([value]), 1 / 30, 2.0)[0]
        assert alone.follow(value, 1 / 30, 2.0) == pytest.approx(expected, abs=1e-12)
