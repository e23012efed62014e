import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract import metrics
from device.contract.landmarks import ibug_68


def a_face(seed=0):
    rng = np.random.default_rng(seed)
    face = rng.uniform(0, 200, (68, 2))
    face[36], face[45] = (60.0, 80.0), (140.0, 80.0)
    return face


@given(st.floats(0, 300), st.floats(0, 2 * np.pi))
def test_a_face_moved_by_d_has_an_error_of_d_over_the_eye_distance(distance, way):
    face = a_face()
    moved = face + distance * np.array([np.cos(way), np.sin(way)])
    assert metrics.nme(moved, face, ibug_68) == pytest.approx(distance / 80)


def test_each_normaliser_is_its_length():
    face = a_face()
    moved = face + np.array([3.0, 4.0])
    right, left = face[36:42].mean(axis=0), face[42:48].mean(axis=0)
    width, height = np.ptp(face, axis=0)
    wanted = {
        "nme_interocular": 5 / 80,
        "nme_interpupil": 5 / np.linalg.norm(left - right),
        "nme_box": 5 / np.sqrt(width * height),
    }
    got = {name: metrics.nme(moved, face, ibug_68, length) for name, length in metrics.NORMALISERS.items()}
    assert got == pytest.approx(wanted)


def test_a_group_counts_only_its_own_points():
    face = a_face()
    moved = face.copy()
    moved[48:68] += (0.0, 8.0)
    assert metrics.nme(moved, face, ibug_68, indices=ibug_68.groups["mouth"]) == pytest.approx(0.1)
    assert metrics.nme(moved, face, ibug_68, indices=ibug_68.groups["jaw"]) == 0


def test_a_missed_face_is_a_failure():
    errors = [0.02, 0.05, 0.09, 0.2]
    assert metrics.failure_rate_at(0.08, errors) == pytest.approx(0.5)
    assert metrics.failure_rate_at(0.08, errors, missed=1) == pytest.approx(3 / 5)
    assert metrics.failure_rate_at(0.10, errors, missed=1) == pytest.approx(2 / 5)


def test_auc_is_the_area_under_the_cumulative_curve():
    errors, missed, threshold = [0.02, 0.05, 0.09, 0.2], 1, 0.1
    # Area by the midpoint rule on a fine grid, counting faces at each error level.
    levels = (np.arange(100_000) + 0.5) / 100_000 * threshold
    curve = sum(levels >= error for error in errors) / (len(errors) + missed)
    assert metrics.auc_at(threshold, errors, missed) == pytest.approx(curve.mean(), abs=1e-4)


def test_perfect_and_hopeless_faces_give_an_auc_of_one_and_zero():
    assert metrics.auc_at(0.08, [0.0, 0.0]) == 1
    assert metrics.auc_at(0.08, [0.5], missed=3) == 0
    assert metrics.auc_at(0.08, []) == 0
