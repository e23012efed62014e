"""Other people's hair: one of each shape, fitted to its wearer, and drawn only where it is asked for."""

import numpy as np
import pytest

pytest.importorskip("moderngl")
pytest.importorskip("meshoptimizer")

from device.contract.errors import BadInputError
from tests.training.rendered.glb import small_head
from training.rendered import wigs
from training.rendered.dataset import RenderRequest, render_dataset
from training.rendered.renderer import Renderer
from training.rendered.scene import SceneSettings
from training.rendered.wigs import curls, other_hair, wigs_of

AS_IT_IS = (1.0, 1.0, 1.0)
"""Tint of hair that keeps its colour."""
ROWS = {"Ann": 0, "Bob": 9, "Cid": 9, "Eve": 12}
"""Of each head's wig; two wear the same."""


@pytest.fixture(scope="module")
def wig_owners(tmp_path_factory):
    folder = tmp_path_factory.mktemp("owners")
    for name, rows in ROWS.items():
        (folder / f"{name}.glb").write_bytes(small_head(wig_rows=rows).bytes())
    return folder


@pytest.fixture
def found(opengl, wig_owners):
    renderer = Renderer(64)
    yield wigs_of(sorted(wig_owners.glob("*.glb")), renderer)
    renderer.close()


def test_there_is_one_wig_of_each_shape_with_its_own_texture(found):
    assert [len(wig.positions) for wig in found] == [21 * 9, 21 * 12]
    assert len({wig.texture for wig in found}) == 2


def test_other_hair_where_nobody_has_any_is_refused(opengl, heads, tmp_path):
    request = RenderRequest(heads, 2, side=64, scene=SceneSettings(other_hair=0.5))
    with pytest.raises(BadInputError, match="leave out --other-hair"):
        render_dataset(request, tmp_path / "none", 1)


def test_a_wig_that_does_not_grow_fits_a_larger_head_in_another_place(found, monkeypatch):
    monkeypatch.setattr(wigs, "FULLEST", (1.0, 1.0, 1.0))
    monkeypatch.setattr(wigs, "FARTHEST_FORWARD", 0.0)
    monkeypatch.setattr(wigs, "CURLS", 0)
    wig = found[0]
    ears = wig.owner[[0, 16]].mean(axis=0)
    above = wig.positions[:, 1] > ears[1]
    assert above.any()
    place = np.array([[0.0, -1, 0, 0.3], [1, 0, 0, 0.1], [0, 0, 1, -0.2], [0, 0, 0, 1]])
    wearer = ears + 1.25 * (wig.owner - ears) + [0.02, 0.01, 0]
    worn = other_hair(wig, wearer, place, AS_IT_IS, np.random.default_rng(1))
    wanted = ears + 1.25 * (wig.positions - ears) + [0.02, 0.01, 0]
    assert worn.positions[above] == pytest.approx((wanted @ place[:3, :3].T + place[:3, 3])[above], abs=1e-6)


def test_hair_that_grows_stands_farther_out_and_hangs_as_long_as_it_may(found):
    wig = found[0]
    ears = wig.owner[[0, 16]].mean(axis=0)
    spans = [
        np.ptp(other_hair(wig, wig.owner, np.eye(4), AS_IT_IS, np.random.default_rng(seed)).positions, axis=0)
        for seed in range(40)
    ]
    fuller = np.array(spans) / np.ptp(wig.positions, axis=0)
    assert fuller[:, 0].max() > 1.3
    assert (fuller[:, 0] < 1.1).any()
    farthest = max(wigs.CURL_METRES) * wigs.CURL_DEPTH * wigs.CURLS
    assert (np.ptp(wig.positions - ears, axis=0) * wigs.FULLEST + 2 * farthest > np.max(spans, axis=0)).all()


def test_curls_bend_neighbours_alike_and_no_farther_than_their_depth():
    rng = np.random.default_rng(3)
    points = rng.normal(0, 0.1, (500, 3))
    bent, beside = (curls(points + shift, np.random.default_rng(4)) for shift in (0.0, 1e-5))
    assert np.linalg.norm(bent - beside, axis=1).max() < 1e-4
    farthest = wigs.CURL_DEPTH * np.geomspace(*wigs.CURL_METRES, wigs.CURLS).sum()
    assert 0 < np.linalg.norm(bent, axis=1).max() <= farthest


def test_a_request_for_other_hair_covers_faces_and_keeps_every_label(wig_owners, opengl, tmp_path):
    drawn = {}
    for share in (0.0, 1.0):
        folder = tmp_path / str(share)
        scene = SceneSettings(other_hair=share)
        with np.load(
            render_dataset(RenderRequest(wig_owners, 12, seed=5, side=96, scene=scene), folder, 1)
        ) as labels:
            drawn[share] = dict(labels)
    assert (drawn[1.0]["contour"] == drawn[0.0]["contour"]).all()
    assert drawn[1.0]["contour_visible"].sum() < drawn[0.0]["contour_visible"].sum()
