"""The mean face: a known shape, seen flat from many sides, is found again."""

import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from device.contract.rotation import angles_of, rotation_of
from device.signal.mean_face import mean_landmarks
from device.signal.pose import HeadPose, intrinsics_of
from training.data.poses import with_mirror_images
from training.export.mean_face import derive_mean_face


def seen_flat(shape, count, rng, person=0.0):
    """(count, 68, 2): turned, scaled, shifted, each person a little different; the depth thrown away."""
    faces = []
    for _ in range(count):
        rotation = rotation_of(*rng.normal(0, [20, 10, 15]))
        own = shape + rng.normal(0, person, shape.shape)
        faces.append(rng.uniform(30, 200) * (own @ rotation.T)[:, :2] + rng.uniform(0, 500, 2))
    return np.array(faces)


def true_shape(rng):
    """The shipped mean face, its depths changed: a shape that no file holds."""
    shape = mean_landmarks().copy()
    bulge = rng.normal(0, 0.1, 68)
    shape[:, 2] = 0.8 * shape[:, 2] + (bulge + bulge[ibug_68.mirror_order]) / 2
    right, left = ibug_68.outer_eye_corners
    return shape - [0, 0, (shape[right, 2] + shape[left, 2]) / 2]


def without_nod(shape, true):
    """The shape nodded onto the true one: where "straight ahead" is, is a convention."""
    crossed = shape[:, 1:].T @ true[:, 1:]
    nod = np.arctan2(crossed[0, 1] - crossed[1, 0], crossed[0, 0] + crossed[1, 1])
    turn = np.array([[np.cos(nod), np.sin(nod)], [-np.sin(nod), np.cos(nod)]])
    return np.column_stack([shape[:, 0], shape[:, 1:] @ turn])


@pytest.mark.parametrize(("person", "tolerance"), [(0.0, 0.01), (0.03, 0.06)])
def test_a_known_shape_is_found_from_its_flat_views(person, tolerance):
    rng = np.random.default_rng(0)
    true = true_shape(rng)
    found = derive_mean_face(seen_flat(true, 300, rng, person), ibug_68)
    np.testing.assert_allclose(without_nod(found.landmarks, true), true, atol=tolerance)
    assert found.deviations.max() < 0.02 + 2 * person


def test_the_shape_is_symmetric_one_eye_distance_wide_and_half_of_the_faces_look_up():
    rng = np.random.default_rng(1)
    face = derive_mean_face(seen_flat(mean_landmarks(), 100, rng, 0.02), ibug_68)
    shape = face.landmarks
    np.testing.assert_allclose(shape[ibug_68.mirror_order] * [-1, 1, 1], shape, atol=1e-12)
    right, left = ibug_68.outer_eye_corners
    assert shape[left, 0] - shape[right, 0] == pytest.approx(1)
    assert shape[ibug_68.nose_tip, 2] < -0.2
    lens = intrinsics_of((640, 480), 20.0)
    looking_up = shape @ rotation_of(0, 20, 0).T
    faces = seen_flat(looking_up, 100, np.random.default_rng(3))
    again = derive_mean_face(faces, ibug_68).landmarks
    nods = []
    for seen in faces:
        size = np.ptp(seen, axis=0).max()
        pixels = (seen - seen.mean(axis=0)) / size * 200 + lens.centre_xy
        nods.append(angles_of(HeadPose().find(pixels, lens).rotation)[1])
    # Heads that all look up by 20 degrees: by the face derived from them, straight ahead.
    assert np.median(nods) == pytest.approx(20, abs=2)
    np.testing.assert_allclose(again, looking_up, atol=0.05)


def test_mirror_images_are_the_other_half():
    faces = np.random.default_rng(2).uniform(0, 100, (3, 68, 2))
    both = with_mirror_images(faces, ibug_68)
    np.testing.assert_array_equal(both[:3], faces)
    np.testing.assert_array_equal(both[3:][:, ibug_68.mirror_order] * [-1, 1], faces)
