import numpy as np
import pytest

from device.contract.codec import HALF_SCORE_ERROR, score_of_spread
from training.measure.certainty import fit_certainty


def test_a_known_relation_of_spread_and_error_is_found_again():
    rng = np.random.default_rng(0)
    spreads = rng.uniform(4.6, 8.0, 20_000)
    errors = 0.004 * (spreads**2 - 4.5**2) * rng.uniform(0.5, 1.5, spreads.shape)
    found = fit_certainty(spreads, errors)
    assert found.sure_px == pytest.approx(4.5, abs=0.05)
    # 0.07 = 0.004 half^2
    assert found.half_score_px == pytest.approx(17.5**0.5, rel=0.02)


def test_the_expected_error_follows_from_the_score():
    spreads = np.array([5.0, 6.0, 7.0], np.float32)
    scores = score_of_spread(spreads, half_score_px=17.5**0.5, sure_px=4.5)
    expected = HALF_SCORE_ERROR * (1 / scores - 1)
    np.testing.assert_allclose(
        expected, [0.004 * (25 - 20.25), 0.004 * (36 - 20.25), 0.004 * (49 - 20.25)], rtol=1e-5
    )


def test_a_spread_below_the_sure_one_scores_one():
    assert score_of_spread(np.array([1.0], np.float32), 4.0, 4.5).tolist() == [1.0]


def test_a_network_without_doubt_keeps_its_spread_as_its_score():
    rng = np.random.default_rng(0)
    spreads = rng.uniform(4, 6, 5000)
    found = fit_certainty(spreads, 1 / spreads)
    assert found.sure_px == 0
    assert found.half_score_px == pytest.approx(np.sqrt((spreads**2).mean()), rel=1e-3)
