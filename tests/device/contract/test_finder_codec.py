import math

import numpy as np
import pytest

from device.contract.finder_codec import (
    FinderCodecRule,
    decode_maps,
    logit_threshold,
)

RULE = FinderCodecRule("centre_size", 8.0, 16.0, 40.0, score_threshold=0.5, iou_threshold=0.4)


def empty_maps(rows=3, columns=4):
    score = np.full((rows, columns, 1), -10, np.float32)
    return score, np.zeros((rows, columns, 4), np.float32), np.zeros((rows, columns, 10), np.float32)


def test_a_hand_made_cell_gives_the_face_it_claims():
    score, box, points = empty_maps()
    score[1, 2] = 2.0
    box[1, 2] = [0.5, -0.25, 1.0, -1.0]
    points[1, 2] = [-0.25, -0.5, 0.25, -0.5, 0, 0, -0.2, 0.4, 0.2, 0.4]
    faces = decode_maps(score, box, points, RULE)
    # Cell (1, 2) covers pixels 16 to 23 and 8 to 15: its middle is (19.5, 11.5). Half an offset of
    # 16 px to the right, a quarter up; twice 40 px wide, half of 40 px high.
    assert faces.boxes == pytest.approx(np.array([[27.5 - 40, 7.5 - 10, 27.5 + 40, 7.5 + 10]]))
    assert faces.scores == pytest.approx([1 / (1 + math.exp(-2))])
    assert faces.points[0] == pytest.approx(
        np.array([[7.5, -2.5], [47.5, -2.5], [27.5, 7.5], [11.5, 15.5], [43.5, 15.5]])
    )


def test_maps_without_a_claim_give_no_face():
    faces = decode_maps(*empty_maps(), RULE)
    assert (len(faces.boxes), len(faces.scores)) == (0, 0)
    assert faces.points.shape == (0, 5, 2)


def test_a_score_just_at_the_limit_counts_and_one_below_does_not():
    score, box, points = empty_maps()
    score[0, 0], score[2, 3] = 0.0, np.nextafter(np.float32(0), np.float32(-1))
    assert logit_threshold(RULE) == 0.0
    assert len(decode_maps(score, box, points, RULE).scores) == 1


def test_faces_come_best_first_and_neighbouring_cells_of_one_face_become_one():
    score, box, points = empty_maps(8, 8)
    score[1, 1], score[1, 2], score[6, 6] = 1.0, 3.0, 2.0
    faces = decode_maps(score, box, points, RULE)
    # Boxes of 40 px whose middles are 8 px apart overlap by 32 / 48.
    assert faces.scores == pytest.approx([1 / (1 + math.exp(-3)), 1 / (1 + math.exp(-2))])
    assert faces.boxes[:, 0] == pytest.approx([2.5 * 8 - 0.5 - 20, 6.5 * 8 - 0.5 - 20])


def test_values_of_a_damaged_map_stay_finite():
    score, box, points = empty_maps()
    score[0, 0], box[0, 0] = 1e9, [0, 0, 1e9, -1e9]
    faces = decode_maps(score, box, points, RULE)
    assert np.isfinite(faces.boxes).all()
    assert faces.scores == pytest.approx([1.0])
