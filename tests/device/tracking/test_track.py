import numpy as np
import pytest

from device.tracking.observation import Observation
from device.tracking.track import SUSPECT_SECONDS, Track, TrackedFace
from tests.fakes import FACE_SHAPE

FPS = 30
WIDTH = 100


def observed(center, side=WIDTH):
    return Observation(0.9, FACE_SHAPE * side + np.asarray(center, float), np.full(68, 0.9, np.float32))


def a_track(center=(200, 200)):
    return Track(TrackedFace.of(observed(center), 7), 0.0)


def error(shape, center, side=WIDTH):
    return np.linalg.norm(shape.landmarks - observed(center, side).landmarks_frame, axis=1).max()


def test_a_pan_of_one_width_in_five_frames_is_predicted_after_four():
    track = a_track((100, 200))
    for frame in range(1, 5):
        track.see(observed((100 + 20 * frame, 200)), frame / FPS, clearly=True)
    assert error(track.predict(5 / FPS), (200, 200)) < 0.05 * WIDTH


def test_skipped_frames_are_made_good_by_the_time_that_went_by():
    track = a_track((100, 200))
    for frame in (1, 2, 3, 4, 5, 6):
        track.see(observed((100 + 20 * frame, 200)), frame / FPS, clearly=True)
    assert error(track.predict(9 / FPS), (280, 200)) < 0.05 * WIDTH


def test_growth_is_predicted():
    track = a_track()
    for frame in range(1, 31):
        track.see(observed((200, 200), WIDTH * 1.02**frame), frame / FPS, clearly=True)
    assert error(track.predict(31 / FPS), (200, 200), WIDTH * 1.02**31) < 0.01 * WIDTH


def test_a_face_seen_while_another_is_near_says_nothing_of_motion():
    track = a_track()
    for frame in range(1, 20):
        track.see(observed((200, 200)), frame / FPS, clearly=True)
    for frame in range(20, 25):
        track.see(observed((200 + 15 * (frame - 19), 200)), frame / FPS, clearly=False)
    assert error(track.predict(25 / FPS), (275, 200)) < 2
    assert error(track.coast(25 / FPS), (200, 200)) < 2


def test_what_a_passing_bar_does_to_the_landmarks_is_forgotten_once_the_face_is_hidden():
    track = a_track((200, 200))
    pulled = round(SUSPECT_SECONDS * FPS) - 1
    for frame in range(1, 30):
        track.see(observed((200 + 2 * frame, 200)), frame / FPS, clearly=True)
    for frame in range(30, 30 + pulled):
        shrinking = WIDTH * (1 - 0.05 * (frame - 29))
        track.see(observed((200 + 2 * frame + 4 * (frame - 29), 200), shrinking), frame / FPS, clearly=True)
    track.lose()
    assert error(track.coast(45 / FPS), (200 + 2 * 45, 200)) < 2


def test_a_face_that_comes_back_keeps_its_id_and_is_at_rest():
    track = a_track((100, 200))
    for frame in range(1, 10):
        track.see(observed((100 + 20 * frame, 200)), frame / FPS, clearly=True)
    track.lose()
    assert not track.seen
    track.come_back(observed((150, 220)), 1.0)
    assert (track.id, track.seen, track.face.id) == (7, True, 7)
    assert error(track.predict(1.1), (150, 220)) == pytest.approx(0)
    assert error(track.coast(1.1), (150, 220)) == pytest.approx(0)


def test_after_a_long_pause_a_face_is_expected_where_it_was():
    track = a_track((100, 200))
    for frame in range(1, 10):
        track.see(observed((100 + 20 * frame, 200)), frame / FPS, clearly=True)
    assert error(track.predict(60.0), (280, 200)) < 1


def test_the_time_unseen_runs_from_the_last_sight():
    track = a_track()
    track.see(observed((200, 200)), 0.5, clearly=False)
    track.lose()
    assert track.unseen_seconds(1.25) == pytest.approx(0.75)


def test_a_still_face_is_looked_at_in_one_place_and_a_moving_one_where_it_will_be():
    rng, track = np.random.default_rng(0), a_track()
    aims = []
    for frame in range(1, 20):
        track.see(observed(rng.normal(200, 0.2, 2)), frame / FPS, clearly=True)
        aims.append(track.aim((frame + 1) / FPS))
    assert all(aim is aims[0] for aim in aims)
    track.see(observed((220, 200)), 20 / FPS, clearly=True)
    assert track.aim(21 / FPS) is track.predict(21 / FPS)
