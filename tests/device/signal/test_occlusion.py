"""The hint of what is covered: from scores that fall in one region, not from scores that fall everywhere."""

import numpy as np

from device.messages.signals import REGIONS
from device.signal.occlusion import LANDMARKS_OF, Occlusion
from device.signal.typical import typical


def usual_scores():
    scores = np.zeros(68)
    for region, score in zip(REGIONS, typical().scores, strict=True):
        scores[list(LANDMARKS_OF[region])] = score
    return scores


def told(scores, seconds=1.0):
    occlusion = Occlusion()
    for _ in range(round(seconds * 30)):
        covered = occlusion.read(scores, 1 / 30)
    return covered


def test_every_landmark_belongs_to_one_region():
    assert sorted(landmark for part in LANDMARKS_OF.values() for landmark in part) == list(range(68))


def test_usual_scores_cover_nothing_and_neither_do_lower_ones_of_the_whole_face():
    assert told(usual_scores()) == ()
    assert told(0.7 * usual_scores()) == ()


def test_a_region_whose_scores_fall_by_a_sixth_is_told():
    for region in REGIONS:
        scores = usual_scores()
        scores[list(LANDMARKS_OF[region])] *= 0.84
        assert told(scores) == (region,)


def test_a_moment_of_low_scores_is_not_told():
    scores = usual_scores()
    scores[list(LANDMARKS_OF["mouth"])] *= 0.84
    assert told(scores, seconds=0.05) == ()


def test_scores_of_nothing_give_an_answer():
    assert set(told(np.zeros(68))) <= set(REGIONS)
