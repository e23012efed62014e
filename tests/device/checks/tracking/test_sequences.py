import math

import numpy as np
import pytest

from device.checks.tracking.play import play
from device.checks.tracking.sequences import FACE_PX, FPS, REST_SECONDS, SEQUENCES

NAMES = {sequence.name: sequence for sequence in SEQUENCES}


def places_of(name, person=0):
    sequence = NAMES[name]
    return [sequence.paths[person](frame / FPS) for frame in range(sequence.frames)]


def longest_hidden_seconds(name, share):
    """Of any person: how long less than a share is visible at a stretch."""
    frames = play(NAMES[name], "plain")
    hidden = np.array([[truth.share < share for truth in frame.truths] for frame in frames])
    runs = ["".join("x" if frame else " " for frame in person) for person in hidden.T]
    return max(len(run) for person in runs for run in [*person.split(), ""]) / FPS


def test_every_sequence_begins_at_rest():
    for sequence in SEQUENCES:
        for path in sequence.paths:
            assert path(0) == path(REST_SECONDS / 2) == path(REST_SECONDS)


def test_the_fast_pan_goes_one_width_in_five_frames_between_its_turns():
    x = np.array([place.centre_xy[0] for place in places_of("fast pan, W in 5 frames")])
    speed = np.abs(np.diff(x[round(REST_SECONDS * FPS) :]))
    assert speed.max() == pytest.approx(FACE_PX / 5, rel=0.03)
    assert np.mean(speed > 0.9 * FACE_PX / 5) > 0.7
    assert x.min() > FACE_PX / 2
    assert x.max() < 640 - FACE_PX / 2


def test_the_roll_goes_to_sixty_degrees_on_both_sides():
    degrees = [math.degrees(place.angle_radians) for place in places_of("roll to 60 degrees")]
    assert max(degrees) == pytest.approx(60, abs=1)
    assert min(degrees) == pytest.approx(-60, abs=1)


def test_the_zoom_is_threefold():
    sizes = [place.face_px for place in places_of("zoom 3x")]
    assert max(sizes) / min(sizes) == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("bars hide a still face 0.5 s", 0.5),
        ("bars hide a moving face 0.5 s", 0.5),
        ("two faces cross twice", 0.4),
        ("out of view for 0.8 s", 0.8),
        ("out of view for 2 s", 2.0),
    ],
)
def test_a_face_is_more_than_half_hidden_for_as_long_as_the_name_says(name, seconds):
    assert longest_hidden_seconds(name, 0.5) == pytest.approx(seconds, abs=1.5 / FPS)


def test_the_two_faces_change_sides_twice():
    first, second = (
        np.array([place.centre_xy[0] for place in places_of("two faces cross twice", person)])
        for person in (0, 1)
    )
    order = first < second
    assert np.count_nonzero(order[1:] != order[:-1]) == 2
    assert np.abs(first - second).min() < 0.2 * FACE_PX


def test_a_sequence_plays_alike_every_time():
    sequence = NAMES["two faces cross twice"]
    first, again = (next(play(sequence, "cluttered")) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert len(list(play(NAMES["out of view for 0.8 s"], "plain"))) == round(3.5 * FPS)
