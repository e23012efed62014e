"""Intervals of differences: checked against scipy's bootstrap, and for how often they hold the truth."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from training.report.paired import interval_of_mean, paired_difference
from training.report.records import Record, difference_of


def two_rows(seed, gap=0.0, count=200):
    """Errors of two networks on the same faces, most of which is how hard the face is."""
    rng = np.random.default_rng(seed)
    hard = rng.gamma(2.0, 0.02, count)
    return hard + rng.normal(0, 0.004, count) + gap, hard + rng.normal(0, 0.004, count)


def test_the_interval_of_one_seed_is_scipys():
    ours, theirs = two_rows(0, gap=0.001)
    found = paired_difference([ours], [theirs])
    wanted = bootstrap((ours - theirs,), np.mean, method="percentile", n_resamples=5000, rng=1)
    assert found.mean == pytest.approx(float((ours - theirs).mean()))
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval), abs=3e-5)


def test_pairing_sees_what_two_separate_means_would_not():
    ours, theirs = two_rows(1, gap=0.002)
    assert paired_difference([ours], [theirs]).clear
    shuffled = np.random.default_rng(2).permutation(theirs)
    assert not paired_difference([ours], [shuffled]).clear


def test_about_one_interval_in_twenty_misses_a_difference_that_is_not_there():
    missed = sum(paired_difference(*([row] for row in two_rows(seed))).clear for seed in range(200))
    assert 2 <= missed <= 22


def test_seeds_that_differ_widen_the_interval():
    ours, theirs = two_rows(3, gap=0.003)
    luck = (-0.006, 0.0, 0.006)
    widened = paired_difference([ours + one for one in luck], [theirs + one for one in luck])
    assert paired_difference([ours], [theirs]).clear
    assert not widened.clear


def test_other_faces_or_none_are_not_compared():
    def record(faces):
        return Record("a", 0.05, 1, face_errors=(0.05, 0.06) if faces else (), faces=faces)

    assert difference_of([record("a")], [record("a")]) is not None
    assert difference_of([record("a")], [record("b")]) is None
    assert difference_of([record("")], [record("")]) is None


def test_an_interval_holds_the_mean_and_narrows_with_more_faces():
    rng = np.random.default_rng(6)
    few, many = rng.normal(1, 1, 20), rng.normal(1, 1, 2000)
    widths = []
    for differences in (few, many):
        mean, low, high = interval_of_mean(differences)
        assert low < mean < high
        assert mean == pytest.approx(differences.mean())
        widths.append(high - low)
    # The standard error falls with the root of the number: ten times here.
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.4)
