import json

import numpy as np
import pytest

from device.contract.errors import BadInputError
from training.pseudo_labels.mesh_table import (
    MIN_FACES,
    NEAREST,
    NOSE_TIP,
    SIDES,
    errors_of,
    face_sizes,
    fit_table,
    read_table,
    turn_of,
    write_table,
)

MESH = np.random.default_rng(0).uniform(0, 1, (468, 2))
"""A mesh in the unit square."""
MESH[[*SIDES, NOSE_TIP]] = [[0, 0.5], [1, 0.5], [0.5, 0.4]]


def turned(shape, angle, size, shift):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return size * shape @ turn.T + shift


def faces(count, noise=0.0, seed=1):
    """Meshes in any pose, and landmarks that are the means of three of their points each."""
    rng = np.random.default_rng(seed)
    near = np.argsort(np.linalg.norm(MESH[:, None] - MESH[:20], axis=2), axis=0)[:3].T
    meshes, landmarks = [], []
    for _ in range(count):
        own = MESH + rng.normal(0, 0.05, MESH.shape)
        mesh = turned(own, rng.uniform(-0.5, 0.5), rng.uniform(80, 200), rng.uniform(0, 300, 2))
        meshes.append(mesh)
        landmarks.append(mesh[near].mean(axis=1) + rng.normal(0, noise, (20, 2)))
    return np.stack(meshes), np.stack(landmarks)


def test_what_is_a_mean_of_mesh_points_is_found_again():
    table = fit_table(*faces(200))
    meshes, landmarks = faces(50, seed=2)
    assert errors_of(table, meshes, landmarks).max() < 0.003


def test_weights_sum_to_one_so_that_landmarks_move_with_the_face():
    table = fit_table(*faces(200, noise=2.0))
    assert table.weights.sum(axis=2) == pytest.approx(
        np.array([[1.0], [0.0], [0.0]]).repeat(20, axis=1), abs=1e-9
    )
    mesh = faces(1)[0][0]
    moved = turned(mesh, 0.7, 1.3, [20.0, -5.0])
    assert table.landmarks(moved) == pytest.approx(turned(table.landmarks(mesh), 0.7, 1.3, [20.0, -5.0]))


def test_a_turn_is_where_the_nose_is_seen_between_the_sides():
    mesh = np.zeros((468, 2))
    mesh[[*SIDES, NOSE_TIP]] = [[10, 20], [30, 20], [25, 27]]
    assert turn_of(mesh) == pytest.approx(0.5)
    assert turn_of(turned(mesh, 0.6, 3.0, [4, 5])) == pytest.approx(0.5)


def test_a_landmark_that_changes_its_place_as_the_head_turns_is_followed():
    """To the left it is one mesh point, to the right another: a mean by the turn, as a jaw's outline is."""
    meshes, landmarks = faces(300)
    rng = np.random.default_rng(4)
    for count in (meshes, (others := faces(50, seed=2))[0]):
        for mesh in count:
            right, left = mesh[list(SIDES)]
            mesh[NOSE_TIP] = right + rng.uniform(0.2, 0.8) * (left - right)
    first, second = np.argsort(np.linalg.norm(MESH - MESH[5], axis=1))[1:3]

    def moving(meshes):
        share = (turn_of(meshes)[:, None] + 1) / 2
        return share * meshes[:, first] + (1 - share) * meshes[:, second]

    landmarks[:, 5], others[1][:, 5] = moving(meshes), moving(others[0])
    table = fit_table(meshes, landmarks)
    size = face_sizes(others[1])
    assert (np.linalg.norm(table.landmarks(others[0])[:, 5] - others[1][:, 5], axis=1) / size).max() < 0.01


def test_heads_on_which_the_mesh_is_off_do_not_count():
    meshes, landmarks = faces(300)
    meshes[::10] += np.random.default_rng(3).normal(0, 40, meshes[::10].shape)
    table = fit_table(meshes, landmarks)
    assert errors_of(table, *faces(50, seed=2)).max() < 0.004


def test_too_few_heads_are_refused():
    with pytest.raises(BadInputError, match=f"wanted {MIN_FACES}"):
        fit_table(*faces(MIN_FACES - 1))


def test_a_table_is_written_and_read_again(tmp_path):
    table = fit_table(*faces(200))
    write_table(table, "by a test", tmp_path / "table.json")
    again = read_table(tmp_path / "table.json")
    assert json.loads((tmp_path / "table.json").read_text())["about"] == "by a test"
    assert (again.indices == table.indices).all()
    assert again.weights == pytest.approx(table.weights, abs=2e-4)
    assert again.weights[0].sum(axis=1) == pytest.approx(1)
    assert again.weights[1:].sum(axis=2) == pytest.approx(0, abs=1e-9)


def test_the_packages_table_is_of_68_points_within_the_mesh():
    table = read_table()
    assert table.indices.shape == (68, NEAREST)
    assert table.weights.shape == (3, 68, NEAREST)
    assert 0 <= table.indices.min() <= table.indices.max() < 468
    # Near points only: no landmark hangs on a far one by a large weight.
    assert np.abs(table.weights).max() < 2
