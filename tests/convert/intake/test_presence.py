"""The fitted presence output tells faces from pieces without one."""

import numpy as np
import pytest

from convert.intake.presence import fit_logistic


def test_two_clouds_are_told_apart_and_the_middle_is_undecided():
    rng = np.random.default_rng(0)
    centre = np.array([2.0, 0.0, 0.0])
    faces, others = rng.normal(size=(200, 3)) + centre, rng.normal(size=(200, 3)) - centre
    weights, bias = fit_logistic(np.concatenate([faces, others]), np.arange(400) < 200)
    logits = faces @ weights + bias, others @ weights + bias
    assert (logits[0] > 0).mean() > 0.95
    assert (logits[1] < 0).mean() > 0.95
    assert bias == pytest.approx(0, abs=0.3)
    # Only the first feature tells anything.
    assert abs(weights[0]) > 5 * np.abs(weights[1:]).max()


def test_a_feature_that_hardly_varies_gets_no_huge_weight():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 2))
    features[:, 1] *= 1e-6
    weights, _ = fit_logistic(features, features[:, 0] > 0)
    assert np.abs(weights).max() < 20
