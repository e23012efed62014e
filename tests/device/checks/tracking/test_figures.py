import numpy as np
import pytest

from device.checks.tracking.figures import Scorer, Truth, count_swaps
from device.checks.tracking.scene import Person, Place
from device.contract.landmarks import ibug_68
from device.sources.demo_photo import load_photo
from device.tracking.observation import Observation
from device.tracking.track import TrackedFace
from tests.fakes import FACE_SHAPE

PHOTO = load_photo()
PEOPLE = Person(PHOTO, twin=False), Person(PHOTO, twin=True)
TIMING = {"find": 0.0, "crop": 0.1, "infer": 1.0, "decode": 0.1, "total": 1.2}


def a_truth(person=0, center=(320.0, 240.0), share=1.0, angle=0.0):
    return Truth(PEOPLE[person], Place(center, 100.0, angle), share)


def a_face(number, truth, moved=(0.0, 0.0)):
    """A tracked face right on a person; `moved` in pixels of the person's picture."""
    box = truth.person.face_box
    on_photo = FACE_SHAPE * (box.width, box.height) + box.centre_xy + np.asarray(moved)
    landmarks = truth.person.photo_to_frame(truth.place).frame_to_crop(on_photo)
    return TrackedFace.of(Observation(0.9, landmarks, np.full(68, 0.9)), number)


def scored(frames, people=1, ids_allowed=1, timing=TIMING):
    scorer = Scorer(people, ibug_68)
    for truths, faces in frames:
        scorer.add(truths, faces, [], timing)
    return scorer.figures(ids_allowed)


def test_faces_are_counted_where_they_are_due_whatever_the_roll():
    truths = [a_truth(angle=0.3 * step) for step in range(4)]
    frames = [([truth], [a_face(1, truth)] if step else []) for step, truth in enumerate(truths)]
    figures = scored(frames)
    assert (figures.due, figures.seen, figures.duplicates, figures.false_faces) == (4, 3, 0, 0)


def test_a_partly_hidden_face_is_neither_due_nor_false_and_a_hidden_one_is_false():
    part, hidden = a_truth(share=0.5), a_truth(share=0.1)
    figures = scored([([part], [a_face(1, part)]), ([hidden], [a_face(1, hidden)])])
    assert (figures.due, figures.false_faces) == (0, 1)


def test_a_face_far_from_everyone_is_false_and_a_second_one_on_a_person_is_a_duplicate():
    truth, elsewhere = a_truth(), a_truth(center=(100.0, 100.0))
    figures = scored([([truth], [a_face(1, truth), a_face(2, truth, moved=(5, 0)), a_face(3, elsewhere)])])
    assert (figures.seen, figures.duplicates, figures.false_faces, figures.ids) == (1, 1, 1, 3)


def test_landmarks_that_sway_by_a_known_length_drift_by_it_over_the_eye_distance():
    width = PEOPLE[0].face_box.width
    eye_distance = 0.6 * width  # FACE_SHAPE's eyes lie at -0.3 and 0.3
    frames = []
    for step in range(10):
        truth = a_truth(center=(200.0 + 9 * step, 240.0), angle=0.05 * step)
        frames.append(([truth], [a_face(1, truth, moved=(2.0 if step % 2 else -2.0, 7.0))]))
    # The constant 7 px fall out; 2 px to either side of the mean remain.
    assert scored(frames).drift == pytest.approx(2.0 / eye_distance)


def test_an_id_more_than_allowed_is_a_fragment():
    truth = a_truth()
    frames = [([truth], [a_face(number, truth)]) for number in (1, 1, 2, 2)]
    assert scored(frames).fragments == 1
    assert scored(frames, ids_allowed=2).fragments == 0


def test_swaps_count_the_changes_to_anothers_id():
    assert count_swaps([[1, 1, 2, 2], [2, 2, 1, 1]]) == 2
    assert count_swaps([[1, 1, 3, 3], [2, 2, 2]]) == 0
    assert count_swaps([[1, 2, 1], [2, 2, 2]]) == 1
    assert count_swaps([[1, 1]]) == 0


def test_two_people_keep_their_own_series():
    frames = []
    for step in range(4):
        truths = [a_truth(0, (200.0, 240.0)), a_truth(1, (400.0, 240.0))]
        numbers = (1, 2) if step < 2 else (2, 1)
        frames.append((truths, [a_face(n, t) for n, t in zip(numbers, truths, strict=True)]))
    figures = scored(frames, people=2)
    assert (figures.seen, figures.swaps, figures.ids) == (8, 2, 2)


def test_searches_and_cost_come_from_the_timing():
    frames = [([a_truth()], [])] * 3
    figures = scored(frames, timing={**TIMING, "find": 1.4, "total": 2.6})
    assert figures.searches == 3
    assert figures.cost_ms == pytest.approx(2.6)
    assert np.isnan(figures.drift)
