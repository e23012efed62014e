"""Schemes of one's own, and how the public ones map to ibug_68."""

import pytest

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES, ibug_68
from device.contract.scheme_file import know_scheme, read_scheme

OWN = """
name = "mine_4"
landmark_names = ["right_eye", "left_eye", "nose_tip", "chin"]
swap_pairs = [["right_eye", "left_eye"]]
outer_eye_corners = ["right_eye", "left_eye"]
nose_tip = "nose_tip"
mouth_corners = ["chin", "chin"]

[groups]
eyes = ["right_eye", "left_eye"]
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setattr("device.contract.scheme_file.SCHEMES", known := dict(SCHEMES))
    (tmp_path / "mine_4.toml").write_text(OWN)
    return tmp_path / "mine_4.toml", known


def test_a_file_names_its_points_and_everything_else_by_them(own):
    scheme = read_scheme(own[0])
    assert (scheme.name, scheme.count) == ("mine_4", 4)
    assert scheme.mirror_order.tolist() == [1, 0, 2, 3]
    assert scheme.eye_rings == ((0,), (1,))


def test_a_scheme_beside_a_model_becomes_known_and_a_public_one_stays(own):
    path, known = own
    know_scheme("mine_4", path.parent)
    assert known["mine_4"].nose_tip == 2
    (path.parent / "ibug_68.toml").write_text(OWN)
    know_scheme("ibug_68", path.parent)
    assert known["ibug_68"] is ibug_68
    know_scheme("../mine_4", path.parent / "inside")
    assert "../mine_4" not in known


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"left_eye", "nose_tip", "chin"]', '"right_eye", "nose_tip", "chin"]'),
        ('nose_tip = "nose_tip"', 'nose_tip = "beak"'),
        ('name = "mine_4"', ""),
        ('outer_eye_corners = ["right_eye", "left_eye"]', 'outer_eye_corners = ["right_eye"]'),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_in_one_line(own, old, new):
    own[0].write_text(OWN.replace(old, new))
    with pytest.raises(BadInputError, match="is no landmark scheme") as caught:
        read_scheme(own[0])
    assert "\n" not in str(caught.value)


def test_a_file_of_another_name_is_refused(own):
    path, _ = own
    path.rename(path.with_name("other.toml"))
    with pytest.raises(BadInputError, match="defines scheme 'mine_4', wanted 'other'"):
        know_scheme("other", path.parent)


@pytest.mark.parametrize("name", ["wflw_98", "jd_106"])
def test_points_that_stand_for_ibug_68_have_its_mirror_twins(name):
    scheme = SCHEMES[name]
    chosen = scheme.ibug_68_points
    assert len(set(chosen)) == 68
    # A mirrored picture renames both alike.
    renamed = [int(scheme.mirror_order[point]) for point in chosen]
    assert [chosen[place] for place in ibug_68.mirror_order] == renamed
    # The same point has the same name from the nose and the mouth on.
    for place in (*range(27, 36), *range(48, 68)):
        assert scheme.landmark_names[chosen[place]] == ibug_68.landmark_names[place]


def test_public_schemes_have_every_group_and_no_point_twice():
    for scheme in SCHEMES.values():
        assert len(set(scheme.landmark_names)) == scheme.count
        grouped = [point for group in scheme.groups.values() for point in group]
        assert sorted(grouped) == list(range(scheme.count))
    assert {scheme.count for scheme in SCHEMES.values()} >= {5, 29, 68, 98, 106}
