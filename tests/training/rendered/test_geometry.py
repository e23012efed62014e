"""The camera, the drawing and the labels against formulas of their own."""

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl")
pytest.importorskip("meshoptimizer")

from tests.training.rendered.glb import HALF_DEPTH, HALF_HEIGHT, HALF_WIDTH, MIDDLE
from training.rendered import draw, scene
from training.rendered.avatar import Avatar, Pose, about_x, about_y
from training.rendered.camera import FAR_METRES, Camera, depth_in_metres
from training.rendered.renderer import OVERSAMPLING, Lights, Renderer, Surface
from training.rendered.scene import HeadAngles, SceneSettings, random_camera

SIDE = 96
GOLDEN = Path(__file__).with_name("golden.json")
DARK = Lights(np.eye(3)[:2], np.zeros((2, 3)), np.ones(3), np.ones(3), 0.0)


def independent_projection(points, yaw, pitch, roll, focal, middle, position):
    """Pixels by textbook matrices: R = Ry(-yaw) Rx(-pitch) Rz(roll), as the stream's pose is defined."""
    (a, b, c) = np.radians([-yaw, -pitch, roll])
    rotate_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    rotate_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    rotate_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    x, y, z = rotate_y @ rotate_x @ rotate_z @ (points * [1, -1, -1]).T + np.reshape(position, (3, 1))
    return np.stack([focal * x / z + middle, focal * y / z + middle], axis=1)


@pytest.mark.parametrize("angles", [(0, 0, 0), (50, 0, 0), (-85, 10, 5), (20, -40, 170), (0, 44, -30)])
def test_a_head_is_where_an_independent_projection_puts_it(angles, monkeypatch):
    rng = np.random.default_rng(3)
    points, face = rng.normal(0, 0.08, (50, 3)), np.array([0.01, 0.02, 0.05])
    # In the picture's middle the line to the face is the camera's axis, and nothing else is turned.
    monkeypatch.setattr(scene, "FACE_FRACTION", (0.5, 0.5))
    monkeypatch.setattr(scene, "CUT_FRACTION", 0.0)
    camera = random_camera(np.random.default_rng(0), HeadAngles(*angles), np.eye(3), face, SIDE)
    shift = camera.project(face[None])[0] - (SIDE - 1) / 2
    ray = np.array([*(shift / camera.focal), 1])
    central = Camera(camera.rotation, camera.translation, camera.focal, camera.centre, SIDE)
    distance = np.linalg.norm(camera.to_camera(face[None]))
    expected = independent_projection(points - face, *angles, camera.focal, 47.5, [0, 0, distance])
    turn = _rotation_to_axis(ray / np.linalg.norm(ray))
    seen = central.to_camera(points) @ turn.T
    assert camera.focal * seen[:, :2] / seen[:, 2:] + 47.5 == pytest.approx(expected, abs=1e-6)


def _rotation_to_axis(ray):
    """Rodrigues' formula for the smallest rotation that takes a ray to z."""
    axis = np.cross(ray, [0, 0, 1])
    sine, cosine = np.linalg.norm(axis), ray[2]
    if sine == 0:
        return np.eye(3)
    x, y, z = axis / sine
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + sine * cross + (1 - cosine) * cross @ cross


def square_at(left, top, right, bottom, distance, focal):
    """A square whose edges, seen by a camera at the origin, lie at such pixels."""
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]])
    points = np.column_stack([(corners - (SIDE - 1) / 2) * distance / focal, np.full(4, distance)])
    return Surface(
        points.astype(np.float32),
        np.tile([0, 0, -1], (4, 1)).astype(np.float32),
        np.zeros((4, 2), np.float32),
        np.array([[0, 1, 2], [1, 3, 2]], np.int32),
        "white",
    )


@pytest.fixture(scope="module")
def renderer(opengl):
    made = Renderer(SIDE)
    made.add_texture("white", np.full((2, 2, 3), 255, np.uint8))
    yield made
    made.close()


def test_pixels_are_counted_from_the_centre_of_the_top_left_one(renderer):
    camera = Camera(np.eye(3), np.zeros(3), 100.0, (47.5, 47.5), SIDE)
    # Pixel 10 reaches from 9.5 to 10.5.
    near = square_at(9.5, 19.5, 29.5, 49.5, 1.0, 100.0)
    far = square_at(-0.5, -0.5, 95.5, 9.5, 2.0, 100.0)
    drawing = renderer.draw([near, far], camera, DARK)
    expected = np.zeros((SIDE, SIDE), bool)
    expected[20:50, 10:30], expected[:10] = True, True
    assert np.array_equal(drawing.colour[:, :, 3] == 255, expected)
    assert np.array_equal(drawing.colour[:, :, 3] == 0, ~expected)
    depth = drawing.depth[OVERSAMPLING // 2 :: OVERSAMPLING, OVERSAMPLING // 2 :: OVERSAMPLING]
    assert depth[30, 20] == pytest.approx(1.0, abs=1e-3)
    assert depth[5, 50] == pytest.approx(2.0, abs=1e-3)
    assert depth[60, 60] == pytest.approx(FAR_METRES, rel=1e-3)


def test_a_point_behind_another_surface_or_outside_is_not_visible(renderer):
    camera = Camera(np.eye(3), np.zeros(3), 100.0, (47.5, 47.5), SIDE)
    drawing = renderer.draw([square_at(9.5, 9.5, 49.5, 49.5, 1.0, 100.0)], camera, DARK)
    points = np.array(
        [[30, 30, 1.0], [30, 30, 1.1], [30, 30, 0.9], [80, 80, 1.1], [-3, 30, 0.5], [96, 5, 0.5]]
    )
    assert draw.visible(drawing, points).tolist() == [True, False, True, True, False, False]


def test_depth_is_read_back_from_the_buffer():
    near, far = 0.05, 20.0
    z = np.array([0.06, 0.5, 3.0, 19.0])
    clip = ((far + near) * z - 2 * far * near) / (far - near) / z
    assert depth_in_metres((clip + 1) / 2) == pytest.approx(z)


@pytest.fixture(scope="module")
def sitter(heads, renderer):
    return draw.Sitter(Avatar(heads / "Ann.glb"), renderer)


def egg_outline(camera, directions):
    """How far the small head reaches in the picture in each direction, from its middle: conic by the formula
    of a quadric's outline, the dual C* = P Q* P^T of the egg's dual quadric."""
    axes = np.diag([HALF_WIDTH**2, HALF_HEIGHT**2, HALF_DEPTH**2])
    dual = np.zeros((4, 4))
    dual[:3, :3] = axes - np.outer(MIDDLE, MIDDLE)
    dual[:3, 3] = dual[3, :3] = -MIDDLE
    dual[3, 3] = -1
    lens = np.array([[camera.focal, 0, camera.centre[0]], [0, camera.focal, camera.centre[1]], [0, 0, 1]])
    projection = lens @ np.column_stack([camera.rotation, camera.translation])
    conic = projection @ dual @ projection.T
    # The line n.x = d touches the outline where (n, -d) C* (n, -d)^T = 0.
    farthest = []
    for n in directions:
        a, b, c = conic[2, 2], -2 * n @ conic[:2, 2], n @ conic[:2, :2] @ n
        roots = np.roots([a, b, c]).real
        farthest.append(roots.max())
    return np.array(farthest)


def test_the_hidden_jaw_lies_on_the_outline_and_the_seen_jaw_on_the_skin(sitter):
    pose, angles = Pose(), HeadAngles(55, 0, 0)
    skin = sitter.avatar.posed(pose)[0]
    points = sitter.points.on(skin.positions)
    rotation = scene.TO_CAMERA @ about_y(np.radians(angles.yaw))
    camera = Camera(rotation, np.array([0, 0, 1.0]) - rotation @ MIDDLE, 700.0, (191.5, 191.5), 384)
    surface, contour = draw.label(sitter, skin, points, camera, pose)
    # Turned to the person's left: the right half, 0 to 7, is near, and the line of the jaw is its edge.
    assert distances_to_line(contour[:8, :2], surface[:9, :2]).max() < 1.0
    for half in (contour[:9, :2], contour[8:17, :2]):
        steps = np.linalg.norm(np.diff(half, axis=0), axis=1)
        assert steps == pytest.approx(steps.mean(), rel=0.1)
    assert contour[17:] == pytest.approx(surface[17:])
    # At the far jaw points the egg's own outline: no point may lie outside it, and it is reached.
    turns = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    directions = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    slack = egg_outline(camera, directions)[:, None] - directions @ contour[:17, :2].T
    distance = slack.min(axis=0)
    assert distance.min() > -1.0
    far = [number for number in range(11, 15) if not _is_nose_height(points[number])]
    assert distance[far] == pytest.approx(0, abs=1.5)
    hidden = slack_of(camera, directions, surface[far, :2])
    assert hidden.min() > 5


def distances_to_line(points, line):
    """(N,) of points to a line through places (M, 2)."""
    dense = np.concatenate([np.linspace(a, b, 200) for a, b in itertools.pairwise(line)])
    return np.linalg.norm(points[:, None] - dense, axis=2).min(axis=1)


def slack_of(camera, directions, places):
    return (egg_outline(camera, directions)[:, None] - directions @ places.T).min(axis=0)


def _is_nose_height(point):
    """Where the nose would hide the outline, the face's front has a gap."""
    v = 0.29 - (point[1] - MIDDLE[1]) / HALF_HEIGHT * 0.20
    return 0.19 < v < 0.315


def test_the_jaw_of_a_face_seen_from_the_front_is_the_line_on_the_skin_or_the_outline_before_it(sitter):
    pose = Pose()
    skin = sitter.avatar.posed(pose)[0]
    points = sitter.points.on(skin.positions)
    rotation = scene.TO_CAMERA @ about_x(np.radians(5))
    camera = Camera(rotation, np.array([0, 0, 15.0]) - rotation @ MIDDLE, 15 * 900.0, (191.5, 191.5), 384)
    surface, contour = draw.label(sitter, skin, points, camera, pose)
    turns = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    on_outline = slack_of(camera, np.column_stack([np.cos(turns), np.sin(turns)]), contour[:17, :2]) < 1.5
    on_line = distances_to_line(contour[:17, :2], surface[:17, :2]) < 1.5
    assert (on_outline | on_line).all()
    assert on_outline.any()
    assert on_line.any()
    assert contour[8, :2] == pytest.approx(surface[8, :2], abs=0.5)


def test_labels_of_a_picture_are_the_posed_points_projected(sitter):
    """The whole way from a seed, its scene drawn again here."""
    face = draw.draw_face(sitter, SceneSettings(), np.random.default_rng(7))
    rng = np.random.default_rng(7)
    angles = scene.random_angles(rng, SceneSettings())
    pose = scene.random_pose(rng, angles)
    points = sitter.points.on(sitter.avatar.posed(pose)[0].positions)
    camera = random_camera(rng, angles, pose.neck, points[17:].mean(axis=0), SIDE)
    seen = (camera.rotation @ points.T).T + camera.translation
    expected = camera.focal * seen[:, :2] / seen[:, 2:] + (SIDE - 1) / 2
    assert face.surface == pytest.approx(expected, abs=1e-6)
    assert face.contour[17:] == pytest.approx(expected[17:], abs=1e-6)
    assert face.image.shape == (SIDE, SIDE, 3)


def test_labels_of_a_seed_stay_what_they_were(sitter):
    """A change here means other pictures of the same request: raise `dataset.FORMAT` and write the file anew,
    with LANDMARKS_WRITE_GOLDEN=1."""
    faces = [
        draw.draw_face(sitter, SceneSettings(), np.random.default_rng([0, number])) for number in range(3)
    ]
    made = {
        "surface": [face.surface.round(3).tolist() for face in faces],
        "contour": [face.contour.round(3).tolist() for face in faces],
        "covers": [face.covers for face in faces],
    }
    if os.environ.get("LANDMARKS_WRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(made) + "\n")
    golden = json.loads(GOLDEN.read_text())
    for key in ("surface", "contour"):
        assert np.array(made[key]) == pytest.approx(np.array(golden[key]), abs=0.02)
    assert [list(covers) for covers in made["covers"]] == golden["covers"]


def test_no_point_lies_half_a_face_outside_the_picture(sitter, monkeypatch):
    """Every camera cuts the face here; labels that readers refuse are drawn again."""
    monkeypatch.setattr(scene, "CUT_FRACTION", 1.0)
    drawn = []
    for number in range(25):
        points = draw.draw_face(sitter, SceneSettings(), np.random.default_rng([1, number])).contour
        size = max(np.ptp(points[:, 0]), np.ptp(points[:, 1]))
        beyond = max(-0.5 - points.min(), points.max() - (SIDE - 0.5))
        drawn.append(beyond / size)
    assert max(drawn) < 0.5
    assert np.mean(np.array(drawn) > 0.1) > 0.3
