"""Canvases: what lies where, what is hidden, and that labels stay on the faces."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from device.contract.landmarks import ibug_68
from training.data.augment import AugmentSettings
from training.finder.augment import (
    Composer,
    TensorPictures,
    inside,
    inverse,
    make_pyramid,
    move,
    to_level,
)
from training.finder.pictures import DOUBTFUL, FACE, NONE
from training.finder.settings import ComposeSettings

INPUT_WH = (96, 64)
SIDE, SLOTS = 128, 2
CLEAN = AugmentSettings(colour=0, grey=0, blur=0, coarse=0, noise=0, occlusion=0)
UPRIGHT = ComposeSettings(
    faceless=0, second=0, third=0, cover=0, rotation_degrees=0, tilted=0, mirror=0, barred=0
)
BOX = np.array([[40.0, 50.0], [71.0, 81.0]])
"""Corners of the bright square face of every picture: pixel middles of its first and last pixels."""


def square_pictures(count=6):
    """Dark pictures with one bright square each, whose landmarks span it; grounds are dark too."""
    images = np.full((count, SIDE, SIDE, 3), 40, np.uint8)
    images[:, 50:82, 40:72] = 250
    shape = np.random.default_rng(0).uniform(0, 1, (68, 2))
    shape[0], shape[1], shape[2], shape[3] = (0, 0), (1, 1), (0, 1), (1, 0)
    faces = np.zeros((count, SLOTS, 68, 2), np.float32)
    faces[:, 0] = BOX[0] + shape * (BOX[1] - BOX[0])
    kinds = np.tile(np.array([FACE, NONE]), (count, 1))
    return TensorPictures(
        [torch.from_numpy(level) for level in make_pyramid(images)],
        torch.full((count, 2), float(SIDE)),
        torch.from_numpy(faces),
        torch.from_numpy(kinds),
        torch.full((3, 64, 64, 3), 40, dtype=torch.uint8),
    )


def composer(pack=None, degradation=CLEAN, **changes):
    settings = dataclasses.replace(UPRIGHT, **changes)
    order = torch.from_numpy(ibug_68.mirror_order)
    return Composer(pack or square_pictures(), settings, degradation, INPUT_WH, order)


def draw(made, count=24, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return made.batch(torch.arange(count) % len(made.pack.kinds), rng)


def brightness_within(batch, canvas, landmarks):
    """Mean pixel 0..255 within a face's box, its border left out."""
    low, high = landmarks.amin(0), landmarks.amax(0)
    edge = 0.15 * (high - low)
    x_min, y_min = torch.ceil(low + edge).clamp_min(0).int().tolist()
    x_max, y_max = torch.floor(high - edge).int().tolist()
    part = batch.image[canvas, :, y_min : y_max + 1, x_min : x_max + 1] * 128 + 128
    return float(part.mean()) if part.numel() else math.nan


MOSAIC = {
    "second": 1.0,
    "third": 1.0,
    "part": 0.0,
    "mirror": 0.5,
    "barred": 0.5,
    "any_sizes": (0.2, 0.9),
    "pasted_sizes": (0.15, 0.4),
}


def test_mosaics_keep_their_boxes_on_the_faces():
    batch = draw(composer(**MOSAIC), count=48)
    bright = [
        brightness_within(batch, canvas, batch.landmarks[canvas, place])
        for canvas, place in (batch.kinds == FACE).nonzero().tolist()
    ]
    bright = [value for value in bright if not math.isnan(value)]
    assert len(bright) > 60
    # Whole faces are as bright as drawn; up to three tenths may be hidden.
    assert min(bright) > 40 + 0.5 * 210
    assert np.median(bright) > 240
    # And hardly anything bright lies off a face's or a doubtful face's box: what is left of faces
    # of which less than three tenths show.
    off_faces = batch.image.clone()
    for canvas, place in (batch.kinds != NONE).nonzero().tolist():
        low, high = batch.landmarks[canvas, place].amin(0), batch.landmarks[canvas, place].amax(0)
        x_min, y_min = (low - 2).clamp_min(0).int().tolist()
        x_max, y_max = (high + 3).clamp_min(0).int().tolist()
        off_faces[canvas, :, y_min:y_max, x_min:x_max] = -1
    share = (off_faces * 128 + 128 > 200).float().mean()
    assert share < 0.006


def test_turned_faces_keep_their_landmarks_on_their_pixels():
    batch = draw(composer(tilted=1.0, tilted_degrees=50.0, usual_sizes=(0.4, 0.6)))
    corners = batch.landmarks[:, 0, :4]
    sides = (corners[:, 0] - corners[:, 2]).norm(dim=1), (corners[:, 0] - corners[:, 3]).norm(dim=1)
    # A square stays a square under a similarity, and its middle stays bright.
    assert torch.allclose(sides[0], sides[1], rtol=1e-3)
    middle = corners.mean(1)
    for canvas, (x, y) in enumerate(middle.round().int().tolist()):
        if 0 <= x < INPUT_WH[0] and 0 <= y < INPUT_WH[1]:
            assert float(batch.image[canvas, 0, y, x]) > 0.8


def test_a_mirrored_face_has_left_and_right_exchanged():
    pack = square_pictures()
    straight, mirrored = draw(composer(pack)), draw(composer(pack, mirror=1.0))
    order = torch.from_numpy(ibug_68.mirror_order)
    low, high = straight.landmarks[:, 0].amin(1)[:, None, :1], straight.landmarks[:, 0].amax(1)[:, None, :1]
    expected = straight.landmarks[:, 0, order].clone()
    expected[..., :1] = low + high - expected[..., :1]
    assert torch.allclose(mirrored.landmarks[:, 0], expected, atol=1e-3)


def test_canvases_without_faces_hold_none():
    batch = draw(composer(faceless=1.0))
    assert (batch.kinds == NONE).all()
    assert (batch.image * 128 + 128).max() < 50


def test_beside_a_letterboxed_frame_the_input_is_nought_and_no_face_counts():
    batch = draw(composer(barred=1.0, degradation=AugmentSettings()), count=60)
    bars = (batch.image == 0).all(1)
    barred = bars[:, -1, -1].nonzero()[:, 0].tolist()
    assert len(barred) > 20
    for canvas in barred:
        for landmarks in batch.landmarks[canvas, batch.kinds[canvas] == FACE]:
            points = landmarks[inside_canvas(landmarks)].round().int()
            assert bars[canvas, points[:, 1], points[:, 0]].float().mean() < 0.35


def inside_canvas(points):
    return inside(points[None], torch.tensor([[0.0, 0.0, INPUT_WH[0] - 1.0, INPUT_WH[1] - 1.0]]))[0]


def test_what_is_hidden_decides_whether_a_face_counts():
    made = composer()
    landmarks = torch.zeros(3, 1, 100, 2)
    landmarks[..., 0] = torch.arange(100) * 0.5
    landmarks[..., 1] = torch.arange(100) * 0.3
    kinds = torch.full((3, 1), FACE)
    unit = torch.eye(2, 3).expand(3, 2, 3)
    whole = torch.tensor([[-1.0, -1.0, 200.0, 200.0]]).expand(3, 4)
    # A cover from x = 0 up to a fifth, a half and nine tenths of the points.
    cover = torch.tensor([[-1.0, -1.0, share * 50, 200.0] for share in (0.2, 0.5, 0.9)])
    judged = made._kinds_after_hiding(landmarks, kinds, (unit, whole), [(unit, cover)], whole)
    assert judged[:, 0].tolist() == [FACE, DOUBTFUL, NONE]


def test_tiny_faces_are_doubtful_and_tinier_ones_ground():
    made = composer()
    line = torch.linspace(0, 1, 10)[:, None].expand(10, 2)
    landmarks = torch.stack([line * 10, line * 6, line * 3])[:, None] + 20
    unit = torch.eye(2, 3).expand(3, 2, 3)
    whole = torch.tensor([[-1.0, -1.0, 200.0, 200.0]]).expand(3, 4)
    judged = made._kinds_after_hiding(landmarks, torch.full((3, 1), FACE), (unit, whole), [], whole)
    assert judged[:, 0].tolist() == [FACE, DOUBTFUL, NONE]


def test_the_same_step_gives_the_same_canvases_and_another_step_others():
    made = composer(**MOSAIC, degradation=AugmentSettings())
    first, again, other = draw(made, seed=5), draw(made, seed=5), draw(made, seed=6)
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.landmarks, again.landmarks)
    assert not torch.equal(first.image, other.image)


def test_maps_and_their_inverses_undo_each_other():
    maps = torch.tensor([[[0.5, -0.2, 3.0], [0.3, 0.7, -4.0]]])
    points = torch.rand(1, 4, 5, 2) * 50
    assert torch.allclose(move(inverse(maps), move(maps, points)), points, atol=1e-4)


def test_a_level_of_half_the_size_holds_the_same_place_at_half_its_outer_edge():
    maps = torch.tensor([[[2.0, 0.0, 7.0], [0.0, 2.0, 9.0]]])
    # Canvas (0, 0) lies at (7, 9) there: 7.5 and 9.5 from the outer edge, so 3.75 - 0.5 at half size.
    assert to_level(maps, 1)[0].numpy() == pytest.approx(np.array([[1, 0, 3.25], [0, 1, 4.25]]))


def test_the_pyramid_holds_means_of_four():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    levels = make_pyramid(images)
    assert [level.shape[1] for level in levels] == [8, 4, 2]
    mean = images.reshape(2, 4, 2, 4, 2, 3).mean((2, 4))
    assert levels[1] == pytest.approx(mean, abs=0.51)
