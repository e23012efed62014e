"""The table of the 68 places against the meshes."""

import numpy as np
import pytest

pytest.importorskip("meshoptimizer")

from device.contract.landmarks import ibug_68
from training.rendered.avatar import Avatar, Pose
from training.rendered.expressions import BROWS, EYES, MOUTH, random_expression
from training.rendered.landmarks import brow_shift, landmark_points, locate, mirrored_order, table
from training.rendered.places.jaw import ear_front


def test_the_table_is_its_own_mirror_image():
    midline, places = table()
    mirrored = places[mirrored_order()] * [-1, 1] + [2 * midline, 0]
    assert places == pytest.approx(mirrored, abs=2e-4)


@pytest.fixture(scope="module")
def people(avatars):
    return [Avatar(path) for path in sorted(avatars.glob("*.glb"))[::9]]


def test_every_place_lies_on_the_mesh_and_the_head_is_symmetric_about_it(people):
    _, places = table()
    shifts = []
    for avatar in people:
        points = locate(avatar.skin, places)
        found = points.on(avatar.skin.uv)
        assert found == pytest.approx(places, abs=1e-5)  # inside a triangle, not beside one
        seen = points.on(avatar.posed(Pose())[0].positions)
        shifts.append(seen - seen[mirrored_order()] * [-1, 1, 1])
    # Millimetres: heads are not quite symmetric, but not to one side.
    assert np.abs(1000 * np.median(shifts, axis=0)).max() < 1.5


def test_lips_part_between_their_points_when_the_mouth_opens(people):
    for avatar in people:
        points = landmark_points(avatar.skin, None)
        closed, opened = (
            points.on(avatar.posed(Pose({"MouthOpen": amount}))[0].positions) for amount in (0.0, 1.0)
        )
        upper, lower = [61, 62, 63], [67, 66, 65]
        assert (np.abs(closed[upper, 1] - closed[lower, 1]) < 0.006).all()
        assert ((opened[upper, 1] - opened[lower, 1]) > 0.01).all()


def test_lids_meet_when_the_eyes_close(people):
    for avatar in people:
        points = landmark_points(avatar.skin, None)
        shut = points.on(avatar.posed(Pose({"ReyeClose": 1, "LeyeClose": 1}))[0].positions)
        wide = points.on(avatar.posed(Pose())[0].positions)
        upper, lower = [37, 38, 43, 44], [41, 40, 47, 46]
        # A closed lid leaves a seam; a third of the open eye would be a wrong point.
        assert ((shut[upper, 1] - shut[lower, 1]) < 0.35 * (wide[upper, 1] - wide[lower, 1])).all()


def test_a_painted_brow_is_found_where_it_is_painted():
    _, places = table()
    texture = np.full((2048, 2048, 3), 180, np.uint8)
    rows = slice(int(0.185 * 2048), int(0.2 * 2048))
    for low, high in ((0.19, 0.31), (0.34, 0.46)):
        texture[rows, int(low * 2048) : int(high * 2048)] = 60
    edges = places[17:27, 1] + brow_shift(texture, places)
    assert edges[[1, 2, 3, 6, 7, 8]] == pytest.approx(0.185, abs=0.002)


def test_skin_without_brows_leaves_the_usual_places():
    assert brow_shift(np.full((512, 512, 3), 120, np.uint8), table()[1]) == pytest.approx(0)


def test_expressions_are_made_of_morphs_that_the_heads_have(people):
    rng = np.random.default_rng(0)
    known = set(people[0].morph_names)
    for state in (*MOUTH, *EYES, *BROWS):
        for _ in range(20):
            assert set(state(rng)) <= known, state.__name__


def test_expressions_stay_within_their_range():
    rng = np.random.default_rng(0)
    drawn = [random_expression(rng) for _ in range(500)]
    assert all(0 <= weight <= 1 for weights in drawn for weight in weights.values())
    assert (
        np.mean(
            [weights.get("ReyeClose", 0) > 0.9 and weights.get("LeyeClose", 0) > 0.9 for weights in drawn]
        )
        < 0.2
    )


def test_the_scheme_has_the_points_that_the_table_means():
    assert ibug_68.count == len(table()[1])
    assert ibug_68.groups["jaw"] == tuple(range(17))


def test_points_of_the_upper_lids_divide_them_in_three():
    _, places = table()
    for corner, first, second, other in ((36, 37, 38, 39), (45, 44, 43, 42)):
        start, end = places[corner, 0], places[other, 0]
        assert places[[first, second], 0] == pytest.approx(
            [start + (end - start) / 3, end - (end - start) / 3], abs=2e-4
        )


def test_the_midline_is_the_middle_between_the_lid_slits(people):
    """The slit of each eye is a hole in the texture's layout: an edge that one triangle alone has."""
    midline, places = table()
    for avatar in people:
        rounded = np.round(avatar.skin.uv.astype(float), 4)
        sides = np.concatenate([rounded[avatar.skin.triangles[:, pair]] for pair in ([0, 1], [1, 2], [2, 0])])
        sides = np.sort(sides.reshape(len(sides), 4).view("f8,f8").reshape(-1, 2), axis=1)
        edges, counts = np.unique(sides.view("f8").reshape(-1, 4), axis=0, return_counts=True)
        border = edges[counts == 1].reshape(-1, 2)
        slits = []
        for outer, inner in ((36, 39), (42, 45)):
            low, high = places[outer] - [0.004, 0.006], places[inner] + [0.004, 0.006]
            slit = border[((border > low) & (border < high)).all(axis=1)]
            slits.append((slit[:, 0].min() + slit[:, 0].max()) / 2)
        assert np.mean(slits) == pytest.approx(midline, abs=5e-4)


def resting(avatar):
    """(68, 3) metres, the table's points on a resting head: x to the person's left, y up, z forwards."""
    return landmark_points(avatar.skin, None).on(avatar.posed(Pose())[0].positions)


def test_the_nose_s_tip_stands_out_farthest_and_its_root_and_base_lie_in_hollows(people):
    for avatar in people:
        points = resting(avatar)
        assert points[:, 2].argmax() == 30
        bridge = points[27:31]
        assert (np.diff(bridge[:, 1]) < 0).all()
        # Thirds of the way down, give or take what people differ by.
        assert np.diff(bridge[:, 1]) == pytest.approx(np.diff(bridge[:, 1]).mean(), rel=0.35)
        assert points[33, 2] < points[[30, 51], 2].max()


def test_lids_lie_on_either_side_of_the_slit_and_corners_between_them(people):
    for avatar in people:
        height = resting(avatar)[:, 1]
        for corners, upper, lower in (([36, 39], [37, 38], [41, 40]), ([42, 45], [43, 44], [47, 46])):
            assert (height[upper] - height[lower] > 0.005).all()
            assert height[lower].min() - 0.004 < height[corners].min()
            assert height[corners].max() < height[upper].max() + 0.002


def test_the_jaw_goes_evenly_from_eye_height_to_the_chin_along_the_edge_of_the_face(people):
    for avatar in people:
        points = resting(avatar)
        jaw = points[:9, :2]
        steps = np.linalg.norm(np.diff(jaw, axis=0), axis=1)
        assert steps == pytest.approx(steps.mean(), rel=0.3)
        assert points[0, 1] == pytest.approx(points[36, 1], abs=0.008)
        assert points[8, 1] == points[:, 1].min()
        # At the ear, which is another piece of the texture, and not before it on the cheek.
        assert points[0, 2] == pytest.approx(ear_front(avatar), abs=0.012)
        # Wider than everything within: the cheek's edge, not the cheek.
        assert points[:4, 0].max() < points[17:, 0].min()


def test_lips_nose_and_brows_lie_from_above_to_below_in_the_scheme_s_order(people):
    for avatar in people:
        height = resting(avatar)[:, 1]
        order = [19, 37, 41, 31, 50, 61, 67, 58, 8]
        # Closed lips touch.
        assert (np.diff(height[order]) < 0.0005).all()
