import math

import numpy as np
import pytest

from device.checks.tracking.scene import GROUNDS, SIZE_WH, Bar, Person, Place, draw_scene
from device.sources.demo_photo import load_photo

MIDDLE = Place((320.0, 240.0), 100.0)


@pytest.fixture(scope="module")
def people():
    photo = load_photo()
    return Person(photo, twin=False), Person(photo, twin=True)


def shares(people, *places, bars=()):
    placed = list(zip(people, places, strict=False))
    return draw_scene(GROUNDS["plain"](), placed, bars)[1]


@pytest.mark.parametrize("twin", [False, True])
def test_a_face_stands_where_it_was_told_as_wide_and_as_tilted(people, twin):
    person = people[twin]
    place = Place((200.0, 150.0), 120.0, math.radians(30))
    box = person.face_box
    eye_line = np.array([[box.x_min, 130.0], [box.centre_xy[0], box.centre_xy[1]], [box.x_max, 130.0]])
    left, middle, right = person.photo_to_frame(place).frame_to_crop(eye_line)
    assert middle == pytest.approx([200, 150])
    assert np.linalg.norm(right - left) == pytest.approx(120)
    assert math.atan2(*(right - left)[::-1]) == pytest.approx(math.radians(30))


def test_a_face_alone_in_the_frame_is_wholly_visible(people):
    assert shares(people, MIDDLE) == pytest.approx([1], abs=0.02)


def test_a_face_on_the_rim_is_visible_by_half_and_one_outside_not_at_all(people):
    assert shares(people, Place((0.0, 240.0), 100.0)) == pytest.approx([0.5], abs=0.02)
    assert shares(people, Place((-60.0, 240.0), 100.0)) == [0]


def test_a_bar_covers_what_it_stands_before(people):
    assert shares(people, MIDDLE, bars=[Bar(320, 400)]) == pytest.approx([0.5], abs=0.02)
    image, _ = draw_scene(GROUNDS["cluttered"](), [(people[0], MIDDLE)], [Bar(300, 340)])
    assert np.ptp(image[:, 300:340], axis=1).max() == 0


def test_the_nearer_head_hides_the_farther_face(people):
    far, near = shares(people, MIDDLE, MIDDLE)
    assert far < 0.02
    assert near == pytest.approx(1, abs=0.02)


def test_a_twin_is_another_face_of_the_same_size(people):
    one, other = (draw_scene(GROUNDS["plain"](), [(person, MIDDLE)], [])[0] for person in people)
    assert people[0].face_box.width == people[1].face_box.width
    apart = np.abs(one[190:290, 270:370].astype(int) - other[190:290, 270:370])
    assert apart.mean() > 20


@pytest.mark.parametrize("name", GROUNDS)
def test_a_ground_is_drawn_alike_every_time(name):
    ground = GROUNDS[name]()
    assert ground.shape == (SIZE_WH[1], SIZE_WH[0], 3)
    assert np.array_equal(ground, GROUNDS[name]())


def test_drawing_leaves_the_ground_as_it_was(people):
    ground = GROUNDS["plain"]()
    before = ground.copy()
    draw_scene(ground, [(people[0], MIDDLE)], [Bar(0, 50)])
    assert np.array_equal(ground, before)
