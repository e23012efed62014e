import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from training.pseudo_labels.passes import (
    MAX_SPREAD,
    PASSES,
    SIDE,
    agreement_of,
    back_in_picture,
    looks_at,
)

WIDTH, HEIGHT = 224, 200
MIRROR = np.asarray(ibug_68.mirror_order)


def a_face(rng):
    """(68, 2) points in the picture."""
    return rng.uniform(60, 150, (68, 2))


def seen_in(face):
    """(P, 68, 2) the face as a perfect labeller would see it in every pass."""
    looks = []
    for each in PASSES:
        matrix = each.matrix(WIDTH, HEIGHT)
        points = face @ matrix[:, :2].T + matrix[:, 2]
        looks.append(points[MIRROR] if each.mirrored else points)
    return np.stack(looks)


def test_every_pass_leads_back_to_the_same_points():
    face = a_face(np.random.default_rng(0))
    back = back_in_picture(seen_in(face), WIDTH, HEIGHT)
    assert back == pytest.approx(np.broadcast_to(face, back.shape))


def test_a_bright_spot_is_where_the_matrix_says():
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[70:73, 50:53] = 255
    for each, look in zip(PASSES, looks_at(picture), strict=True):
        assert look.shape == (SIDE, SIDE, 3)
        rows, columns = np.nonzero(look[:, :, 0] > 200)
        matrix = each.matrix(WIDTH, HEIGHT)
        assert (columns.mean(), rows.mean()) == pytest.approx(
            matrix[:, :2] @ (51, 71) + matrix[:, 2], abs=0.6
        )


def test_half_of_the_passes_are_mirrored():
    assert sum(each.mirrored for each in PASSES) == len(PASSES) / 2


def test_passes_that_agree_give_their_mean():
    face = a_face(np.random.default_rng(0))
    size = np.ptp(face, axis=0).max()
    passes = face + np.random.default_rng(1).normal(0, 0.005 * size, (len(PASSES), 68, 2))
    agreement = agreement_of(passes)
    assert agreement.landmarks == pytest.approx(passes.mean(axis=0))
    assert 0 < agreement.spread < MAX_SPREAD


def test_passes_that_differ_give_nothing():
    face = a_face(np.random.default_rng(0))
    size = np.ptp(face, axis=0).max()
    passes = face + np.random.default_rng(1).normal(0, 0.03 * size, (len(PASSES), 68, 2))
    assert agreement_of(passes) is None


def test_one_pass_without_a_face_is_forgiven_two_are_not():
    passes = np.repeat(a_face(np.random.default_rng(0))[None], len(PASSES), axis=0)
    passes[0] = np.nan
    assert agreement_of(passes).spread == pytest.approx(0)
    passes[1] = np.nan
    assert agreement_of(passes) is None
