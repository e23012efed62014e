import numpy as np
import pytest

from device.contract.landmarks import SCHEMES, ibug_68, jd_106


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_swapping_twice_changes_nothing(scheme):
    order = scheme.mirror_order
    assert sorted(order) == list(range(scheme.count))
    assert (order[order] == np.arange(scheme.count)).all()


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_every_point_has_one_name_and_one_group(scheme):
    assert len(set(scheme.landmark_names)) == scheme.count
    grouped = [index for indices in scheme.groups.values() for index in indices]
    assert sorted(grouped) == list(range(scheme.count))


def test_ibug_68_has_the_swap_pairs_of_the_annotation():
    # Written out by hand from the published figure of the 68 points, 0-based.
    jaw = [(i, 16 - i) for i in range(8)]
    brows = [(17 + i, 26 - i) for i in range(5)]
    nose = [(31, 35), (32, 34)]
    eyes = [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    outer_lip = [(48, 54), (49, 53), (50, 52), (59, 55), (58, 56)]
    inner_lip = [(60, 64), (61, 63), (67, 65)]
    wanted = {frozenset(pair) for pair in jaw + brows + nose + eyes + outer_lip + inner_lip}
    assert {frozenset(pair) for pair in ibug_68.swap_pairs} == wanted


def test_points_of_the_midline_are_their_own_twins():
    middle = [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]
    assert [index for index in range(68) if ibug_68.mirror_order[index] == index] == middle


def test_jd_106_has_the_swap_pairs_of_the_annotation():
    # As LaPa's and JD-landmark's readers mirror them (mmpose's `lapa` data set), 0-based.
    jaw = [(i, 32 - i) for i in range(16)]
    brows = [(33 + i, 46 - i) for i in range(5)] + [(38 + i, 50 - i) for i in range(4)]
    nose = [(55 + i, 65 - i) for i in range(5)]
    eyes = [(66 + i, 79 - i) for i in range(5)] + [(71, 82), (72, 81), (73, 80), (74, 83), (104, 105)]
    lips = [(84, 90), (85, 89), (86, 88), (91, 95), (92, 94), (96, 100), (97, 99), (101, 103)]
    wanted = {frozenset(pair) for pair in jaw + brows + nose + eyes + lips}
    assert {frozenset(pair) for pair in jd_106.swap_pairs} == wanted


def test_left_and_right_are_the_subjects():
    names = ibug_68.landmark_names
    right, left = ibug_68.outer_eye_corners
    assert (names[right], names[left]) == ("right_eye_outer", "left_eye_outer")
    assert names[8] == "chin"
    assert names[ibug_68.nose_tip] == "nose_tip"
    assert [names[index] for index in ibug_68.mouth_corners] == ["right_mouth_corner", "left_mouth_corner"]
