"""Drawn faces: repeatable, of the stated size, with their landmarks on what is drawn."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from training.data.synthetic import draw as draw_module
from training.data.synthetic import draw_face, draw_faces
from training.data.synthetic.looks import Glasses, Hair
from training.data.synthetic.traits import Expression, Pose

SIDE = 128


@pytest.fixture(scope="module")
def faces() -> tuple[np.ndarray, np.ndarray]:
    return draw_faces(40, seed=3, side=SIDE, workers=1)


def test_faces_have_the_promised_shapes_and_types(faces):
    images, landmarks = faces
    assert (images.shape, images.dtype) == ((40, SIDE, SIDE, 3), np.uint8)
    assert (landmarks.shape, landmarks.dtype) == ((40, 68, 2), np.float32)
    face = draw_face(np.random.default_rng(0), side=96)
    assert (face.image.shape, face.image.dtype) == ((96, 96, 3), np.uint8)
    assert (face.landmarks.shape, face.landmarks.dtype) == ((68, 2), np.float32)


def test_a_face_is_half_the_picture_long_and_in_its_middle(faces):
    for landmarks in faces[1]:
        box = Box.around(landmarks)
        assert 0.46 * SIDE < box.longest_side < 0.54 * SIDE
        assert np.abs(np.array(box.centre_xy) - (SIDE - 1) / 2).max() < 0.031 * SIDE


def test_the_same_seed_gives_the_same_faces_and_another_seed_others(faces):
    images, landmarks = draw_faces(5, seed=3, side=SIDE, workers=1)
    assert np.array_equal(images, faces[0][:5])
    assert np.array_equal(landmarks, faces[1][:5])
    others = draw_faces(5, seed=4, side=SIDE, workers=1)
    assert not np.array_equal(others[1], landmarks)


def test_the_number_of_workers_changes_nothing(faces):
    images, landmarks = draw_faces(40, seed=3, side=SIDE, workers=2)
    assert np.array_equal(images, faces[0])
    assert np.array_equal(landmarks, faces[1])


def test_faces_of_one_seed_differ_from_each_other(faces):
    upright = faces[1] - faces[1].mean(axis=1, keepdims=True)
    apart = np.abs(upright[:, None] - upright[None]).max(axis=(2, 3))
    assert (apart[~np.eye(len(upright), dtype=bool)] > 2).all()


def test_no_faces_are_two_empty_arrays():
    images, landmarks = draw_faces(0, seed=1, side=SIDE)
    assert images.shape == (0, SIDE, SIDE, 3)
    assert landmarks.shape == (0, 68, 2)


def test_too_small_a_side_is_refused_in_one_line():
    with pytest.raises(BadInputError, match="8 pixels, wanted 48 or more"):
        draw_face(np.random.default_rng(0), side=8)


def plain_face(monkeypatch: pytest.MonkeyPatch, seed: int, expression: Expression, pose: Pose):
    """A drawn face of known expression and pose, in all else like any other."""
    monkeypatch.setattr(draw_module, "sample_expression", lambda rng: expression)
    monkeypatch.setattr(draw_module, "sample_pose", lambda rng: pose)
    return draw_face(np.random.default_rng(seed), side=256)


def test_an_open_mouth_is_no_skin_between_its_inner_lips(monkeypatch):
    """Between the inner lips the picture is of another colour than the cheek."""
    differs = []
    for seed in range(6):
        face = plain_face(monkeypatch, seed, Expression(mouth_gap=2.5), Pose())
        ring = np.round(face.landmarks[60:68]).astype(np.int32)
        inside = np.zeros(face.image.shape[:2], np.uint8)
        cv2.fillPoly(inside, [ring], 1)
        inside = cv2.erode(inside, np.ones((3, 3), np.uint8)).astype(bool)
        x, y = np.round((face.landmarks[2] + face.landmarks[31]) / 2).astype(int)
        cheek = face.image[y - 3 : y + 4, x - 3 : x + 4].mean(axis=(0, 1))
        differs.append(np.abs(face.image[inside].mean(axis=0) - cheek).max())
    assert np.median(differs) > 25


def test_eye_whites_lie_within_the_eye_landmarks(monkeypatch):
    """Wide open eyes are more varied inside their ring of landmarks than the cheek below is."""
    contrast = []
    for seed in range(8):
        face = plain_face(monkeypatch, seed, Expression(eye_closing=(-0.2, -0.2)), Pose())
        grey = cv2.cvtColor(face.image, cv2.COLOR_BGR2GRAY).astype(float)
        for ring in ibug_68.eye_rings:
            mask = np.zeros(grey.shape, np.uint8)
            cv2.fillPoly(mask, [np.round(face.landmarks[list(ring)]).astype(np.int32)], 1)
            below = np.roll(mask, 16, axis=0)
            contrast.append(grey[mask == 1].std() / max(grey[below == 1].std(), 1.0))
    assert np.median(contrast) > 2.5


def test_the_jaw_of_a_bare_frontal_head_lies_on_the_edge_of_what_is_drawn(monkeypatch):
    """On black ground the jaw's upper points have skin just inside and ground just outside."""
    black = np.zeros((256, 256, 3), np.uint8)
    monkeypatch.setattr(draw_module, "background", lambda rng, side: black.copy())
    monkeypatch.setattr(
        draw_module, "ear_mesh", lambda head, camera, side: draw_module.neck_mesh(head, camera)
    )
    monkeypatch.setattr(draw_module, "add_grain", lambda image, rng, strength: None)
    looks = draw_module.sample_looks

    def bald(rng):
        return replace(looks(rng), hair_style=Hair.BALD, glasses=Glasses.NONE)

    monkeypatch.setattr(draw_module, "sample_looks", bald)
    for seed in range(4):
        face = plain_face(monkeypatch, seed, Expression(), Pose())
        grey = face.image.max(axis=2)
        for number in (0, 1, 2, 3):
            x, y = np.round(face.landmarks[number]).astype(int)
            assert grey[y, x + 3] > 8
            assert grey[y, x - 3] == 0
            x, y = np.round(face.landmarks[16 - number]).astype(int)
            assert grey[y, x - 3] > 8
            assert grey[y, x + 3] == 0
