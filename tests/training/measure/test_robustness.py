import numpy as np
import pytest

from device.contract.codec import HALF_SCORE_ERROR
from training.measure.robustness import BINS, Robustness, reliability_of, robustness_table


def test_scores_that_promise_what_is_got_are_reliable():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.3, 1.0, (500, 68))
    errors = HALF_SCORE_ERROR * (1 / scores - 1)
    rows = reliability_of(scores, errors)
    assert len(rows) == BINS
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    for row in rows:
        assert row.got == pytest.approx(row.expected)


def test_the_table_tells_ratios():
    figures = Robustness(0.04, 0.035, 0.049, 0.05, 0.3, 0.6, [])
    assert figures.turned_ratio == pytest.approx(1.4)
    assert figures.cheap_ratio == pytest.approx(1.25)
    assert "1.40 times" in robustness_table(figures)
    assert "1.25 times" in robustness_table(figures)
