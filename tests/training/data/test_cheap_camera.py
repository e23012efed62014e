import numpy as np
import pytest

from training.data import cheap_camera
from training.data.synthetic.draw import draw_face


@pytest.fixture
def face():
    drawn = draw_face(np.random.default_rng(3), 128)
    return drawn.image, drawn.landmarks


def rng():
    return np.random.default_rng(5)


def test_the_same_seed_gives_the_same_photograph(face):
    first, second = (cheap_camera.photograph(*face, rng()) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.shape == face[0].shape
    np.testing.assert_array_equal(first, second)


def test_a_larger_crop_shows_the_same_picture_of_the_camera(face):
    image, landmarks = face
    double = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
    taken = cheap_camera.photograph(image, landmarks, rng()).astype(int)
    larger = cheap_camera.photograph(double, 2 * landmarks + 0.5, rng())
    assert larger.shape == (256, 256, 3)
    back = larger.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(back - taken).mean() < 3


def test_a_mask_hides_the_mouth_and_not_the_eyes(face):
    image, landmarks = face
    changed = (cheap_camera.cover_by_mask(image, landmarks, rng()) != image).any(axis=2)
    x, y = np.rint(landmarks.T).astype(int)
    assert changed[y[48:68], x[48:68]].mean() > 0.9
    assert not changed[y[36:48], x[36:48]].any()


def test_glasses_change_the_eyes_and_not_the_mouth(face):
    image, landmarks = face
    changed = (cheap_camera.cover_by_glasses(image, landmarks, rng()) != image).any(axis=2)
    x, y = np.rint(landmarks.T).astype(int)
    assert changed[y[36:48], x[36:48]].mean() > 0.9
    assert not changed[y[48:68], x[48:68]].any()


def test_a_hand_hides_part_of_the_face_in_its_own_colour(face):
    image, landmarks = face
    covered = cheap_camera.cover_by_hand(image, landmarks, rng())
    changed = (covered != image).any(axis=2)
    assert 0.02 < changed.mean() < 0.4
    assert len(np.unique(covered[changed], axis=0)) == 1


def test_motion_keeps_the_light_and_flattens_the_picture(face):
    moved = cheap_camera.blur_by_motion(face[0], rng())
    assert moved.mean() == pytest.approx(face[0].mean(), rel=0.02)
    assert np.diff(moved.astype(int), axis=1).std() < np.diff(face[0].astype(int), axis=1).std()


def test_rows_are_lit_unequally(face):
    grey = np.full_like(face[0], 128)
    lit = cheap_camera.add_flicker(grey, rng())
    assert (lit == lit[:, :1]).all()
    assert np.ptp(lit[:, 0, 0]) > 20


def test_the_dark_is_darker_and_noisy(face):
    grey = np.full_like(face[0], 128)
    dark = cheap_camera.darken(grey, rng())
    assert dark.mean() < 129
    assert dark.std() > 3
    # A quarter of the light at the least.
    means = [cheap_camera.darken(grey, np.random.default_rng(seed)).mean() for seed in range(50)]
    assert 30 < min(means) < 60
    assert 100 < max(means) < 130
