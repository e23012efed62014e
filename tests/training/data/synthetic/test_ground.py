"""Grounds: any clutter, no face."""

import cv2
import numpy as np
import pytest

from training.data.synthetic import background, draw_face


@pytest.mark.parametrize("side", [64, 201])
def test_a_ground_is_a_bgr_picture_of_the_asked_side(side):
    ground = background(np.random.default_rng(0), side)
    assert (ground.shape, ground.dtype) == ((side, side, 3), np.uint8)


def test_the_same_generator_gives_the_same_ground_and_the_next_one_another():
    first, again = (background(np.random.default_rng(7), 96) for _ in range(2))
    assert np.array_equal(first, again)
    rng = np.random.default_rng(7)
    assert not np.array_equal(background(rng, 96), background(rng, 96))


def test_grounds_are_of_many_colours_and_textures():
    rng = np.random.default_rng(1)
    grounds = np.stack([background(rng, 64) for _ in range(60)]).astype(float)
    brightness = grounds.mean(axis=(1, 2, 3))
    assert brightness.min() < 70
    assert brightness.max() > 180
    rough = np.array([cv2.Laplacian(ground, cv2.CV_64F).std() for ground in grounds])
    assert np.percentile(rough, 90) > 3 * np.percentile(rough, 10)


def dark_spots(image: np.ndarray) -> np.ndarray:
    """What is darker or lighter than its neighbourhood, where eyes, nose and mouth are drawn."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(float)
    spots = cv2.GaussianBlur(grey, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 5)
    return spots[28:68, 28:68].ravel()


def test_grounds_do_not_look_like_the_mean_face():
    """Likeness to the mean of other faces is positive for faces and spread about zero for grounds."""
    faces = [dark_spots(draw_face(np.random.default_rng(seed), 96).image) for seed in range(60)]
    template = np.mean([face / face.std() for face in faces[:30]], axis=0)
    rng = np.random.default_rng(2)
    grounds = [dark_spots(background(rng, 96)) for _ in range(60)]
    of_faces = np.median([np.corrcoef(face, template)[0, 1] for face in faces[30:]])
    of_grounds = np.median([np.corrcoef(ground, template)[0, 1] for ground in grounds])
    assert of_faces > 0.15
    assert abs(of_grounds) < 0.08
