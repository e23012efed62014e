import math

import msgspec
import numpy as np
import pytest
import torch

from device.contract.finder_codec import decode_maps
from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.contract.metrics import eye_centres
from training.finder.losses import box_terms, five_points, focal_loss, make_targets, points_term
from training.finder.pictures import DOUBTFUL, FACE, NONE
from training.finder.task import RULE

GRID_HW = (20, 24)


def a_face(middle, side, seed=0):
    """(68, 2) landmarks whose tight box has this middle and side."""
    shape = np.random.default_rng(seed).uniform(-0.5, 0.5, (68, 2))
    shape[0], shape[1] = (-0.5, -0.5), (0.5, 0.5)
    return torch.from_numpy((np.array(middle) + shape * side).astype(np.float32))


def targets_of(*faces, kinds=None):
    landmarks = torch.stack(faces)[None]
    kinds = torch.tensor([kinds or [FACE] * len(faces)])
    return make_targets(landmarks, kinds, GRID_HW, RULE.stride, ibug_68)


def perfect_maps(targets):
    """Maps that say exactly what the targets ask, by the codec's definition."""
    low, high = targets.boxes[..., :2], targets.boxes[..., 2:]
    middle, side = (low + high) / 2, (high - low).clamp_min(1)
    y, x = torch.meshgrid(torch.arange(GRID_HW[0]), torch.arange(GRID_HW[1]), indexing="ij")
    cells = torch.stack([x, y], dim=-1) * 8 + 3.5
    box = torch.cat([(middle - cells) / RULE.offset_px, torch.log2(side / RULE.size_px)], dim=-1)
    points = ((targets.points - middle[..., None, :]) / side[..., None, :]).flatten(-2)
    return box.movedim(-1, 1), points.movedim(-1, 1)


def test_the_five_points_are_eyes_nose_and_mouth_corners():
    landmarks = a_face((50, 50), 40).numpy()
    points = five_points(torch.from_numpy(landmarks), ibug_68).numpy()
    assert points[:2] == pytest.approx(eye_centres(landmarks, ibug_68), abs=1e-4)
    assert points[2:] == pytest.approx(landmarks[[30, 48, 54]])


def test_every_cell_near_a_middle_must_claim_the_face():
    targets = targets_of(a_face((40, 40), 20), a_face((120, 90), 90))
    claimed = (targets.peak > 0).nonzero().tolist()
    # Three quarters of a cell are 6 px, a tenth of 90 px is 9; cell (i, j) lies at 8 i + 3.5.
    wanted = [
        [0, row, column]
        for row in range(GRID_HW[0])
        for column in range(GRID_HW[1])
        if math.hypot(8 * column + 3.5 - 40, 8 * row + 3.5 - 40) <= 6
        or math.hypot(8 * column + 3.5 - 120, 8 * row + 3.5 - 90) <= 9
    ]
    assert len(wanted) > 4
    assert claimed == wanted
    assert float(targets.weight.sum()) == pytest.approx(2, abs=1e-4)
    assert float(targets.peak.sum()) == pytest.approx(2, abs=1e-4)


def test_a_face_whose_middle_is_outside_is_claimed_by_the_border():
    targets = targets_of(a_face((-6, 80), 60))
    assert {column for _, _, column in (targets.peak > 0).nonzero().tolist()} == {0}


def test_doubtful_faces_are_neither_asked_for_nor_punished():
    face, vague = a_face((40, 40), 20), a_face((120, 90), 60)
    targets = targets_of(face, vague, kinds=[FACE, DOUBTFUL])
    assert float(targets.peak.sum()) == pytest.approx(1, abs=1e-4)
    alarm = torch.full((1, *GRID_HW), -12.0)
    alarm[0, 11, 15] = 12.0
    quiet = torch.full((1, *GRID_HW), -12.0)
    assert targets.ignored[0, 11, 15]
    assert float(focal_loss(alarm, targets)) == pytest.approx(float(focal_loss(quiet, targets)), abs=1e-4)


def test_a_place_without_a_face_asks_for_nothing():
    targets = targets_of(a_face((40, 40), 20), kinds=[NONE])
    assert float(targets.heat.max()) == 0
    assert float(targets.weight.sum()) == 0
    assert torch.isfinite(focal_loss(torch.zeros(1, *GRID_HW), targets))


def test_maps_that_say_the_truth_cost_nothing_and_decode_to_it():
    faces = a_face((40, 44), 20), a_face((120, 90), 90, seed=1)
    targets = targets_of(*faces)
    box, points = perfect_maps(targets)
    assert [float(term) for term in box_terms(box, targets, RULE)] == pytest.approx([0, 0], abs=1e-4)
    assert float(points_term(points, targets)) == pytest.approx(0, abs=1e-5)
    score = torch.where(targets.peak > 0, 8.0, -8.0)
    rule = msgspec.structs.replace(RULE, score_threshold=0.5)
    found = decode_maps(score[0].numpy(), *(m[0].movedim(0, -1).numpy() for m in (box, points)), rule)
    assert len(found.boxes) == 2
    for face in faces:
        true = Box.around(face.numpy())
        best = max(range(2), key=lambda index: true.iou(Box(*found.boxes[index].tolist())))
        assert found.boxes[best] == pytest.approx(true.xyxy, abs=1e-3)
        assert found.points[best] == pytest.approx(five_points(face, ibug_68).numpy(), abs=1e-3)


def test_a_box_moved_by_a_tenth_of_its_side_costs_what_geometry_says():
    targets = targets_of(a_face((100, 80), 40))
    box, _ = perfect_maps(targets)
    box[:, 0] += 4 / RULE.offset_px
    overlap, distance = box_terms(box, targets, RULE)
    # 36 of 40 columns shared: IoU 36 / 44. Two of four sides are off by a tenth.
    assert float(overlap) == pytest.approx(1 - 36 / 44, abs=1e-3)
    assert float(distance) == pytest.approx(0.05, abs=1e-3)
