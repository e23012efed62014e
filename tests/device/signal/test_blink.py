"""Blinks are counted once, noise and long closing not at all."""

import numpy as np

from device.signal.blink import BlinkCount


def counted(openings, fps=30.0):
    eye = BlinkCount()
    for number, opening in enumerate(openings):
        eye.note(opening, number / fps)
    return eye.count


def test_an_eye_that_closes_and_opens_has_blinked_once():
    assert counted([1, 1, 0.5, 0.1, 0.1, 0.5, 1, 1]) == 1


def test_three_blinks_are_three():
    assert counted([1, 0.5, 0.2, 0.7, 1] * 3) == 3


def test_noise_about_a_threshold_does_not_blink_again_and_again():
    rng = np.random.default_rng(0)
    falling = np.concatenate([np.linspace(1, 0, 6), np.linspace(0, 1, 6)])
    assert counted(np.concatenate([falling + rng.normal(0, 0.05, 12) for _ in range(20)])) == 20
    assert counted(0.35 + rng.normal(0, 0.05, 300)) == 0
    assert counted(0.6 + rng.normal(0, 0.05, 300)) == 0


def test_an_eye_closed_for_a_second_has_not_blinked():
    assert counted([1] * 5 + [0] * 30 + [1] * 5) == 0


def test_what_happened_while_the_face_was_not_seen_is_no_blink():
    eye = BlinkCount()
    eye.note(0.0, 0.0)
    eye.forget()
    eye.note(1.0, 0.1)
    assert eye.count == 0
