"""Turned heads: a known solid, turned by a known angle, lies where it must."""

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from device.contract.landmarks import ibug_68
from device.contract.metrics import nme
from device.contract.rotation import rotation_of
from device.signal.mean_face import mean_landmarks
from training.data.sets.sample import Sample
from training.data.settings import TURNED, DataSettings
from training.data.turned.head_surface import (
    CHIN,
    JAW,
    find_poses,
    fit_head,
    head_rows,
    row_points,
    visible_angles,
)
from training.data.turned.jaw_slide import NO_SLIDE, measure_slide
from training.data.turned.pack import draw_turned, load_turned, turn_sample
from training.data.turned.turned import WIDER, TurnSettings, draw_turn, turn_face, view_angles
from training.engine.faces import face_weights, known_labels, load_faces, shares_of
from training.engine.settings import OptimiserSettings, RunSettings
from training.models import ModelSettings

SETTINGS = TurnSettings(side=160)
SIDE = round(SETTINGS.side * WIDER)
INNER = slice(17, 68)


def seen(yaw, pitch=0.0, roll=0.0, scale=30.0):
    """(68, 2) the mean face itself, seen from far away, in the middle of a picture."""
    flat = scale * (mean_landmarks() @ rotation_of(yaw, pitch, roll).T)[:, :2]
    return flat - (flat.min(axis=0) + flat.max(axis=0)) / 2 + (SIDE - 1) / 2


def turned_from(yaw, extra, roll=0.0, picture=None):
    """The mean face at one yaw, turned farther."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8) if picture is None else picture
    return turn_face(picture, fit_head(seen(yaw, 0, roll), SIDE), (extra, 0), NO_SLIDE, SETTINGS)


def fitted(points, like):
    """(K, 2) points shifted and scaled to lie best on others: a cut has its own middle and size."""
    level, wanted = points - points.mean(axis=0), like - like.mean(axis=0)
    return level * (level * wanted).sum() / (level**2).sum() + like.mean(axis=0)


@pytest.mark.parametrize(("yaw", "roll"), [(0, 0), (25, 0), (-40, 15), (10, -30)])
def test_the_pose_of_the_mean_face_itself_is_found(yaw, roll):
    pose, fits = find_poses(seen(yaw, 0, roll)[None])
    assert fits.all()
    np.testing.assert_allclose(pose.rotations[0], rotation_of(yaw, 0, roll), atol=5e-3)
    assert pose.scales[0] == pytest.approx(30, rel=5e-3)


@pytest.mark.parametrize(("before", "after"), [(0, 20), (0, -35), (15, 45), (-10, -50)])
def test_landmarks_of_a_turned_solid_lie_at_their_true_projection(before, after):
    view_before, view_after = (view_angles(rotation_of(yaw, 0, 0))[0] for yaw in (before, after))
    found = turned_from(before, view_after - view_before).landmarks.astype(np.float64)
    true = seen(after)
    found, true = found[INNER], true[INNER]
    size = np.ptp(true, axis=0).max()
    assert np.linalg.norm(fitted(found, true) - true, axis=1).max() < 0.01 * size


def test_a_face_turned_by_nothing_stays_as_it_is():
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8), (0, 0), 4)
    landmarks = seen(12)
    face = turn_face(picture, fit_head(landmarks, SIDE), (0, 0), NO_SLIDE, SETTINGS)
    assert nme(fitted(face.landmarks.astype(np.float64), landmarks), landmarks, ibug_68) < 1e-3
    side = np.ptp(landmarks, axis=0).max() * SETTINGS.context
    assert SETTINGS.side / side == pytest.approx(
        np.ptp(face.landmarks, axis=0).max() / np.ptp(landmarks, axis=0).max()
    )
    corner = (SIDE - 1) / 2 - (SETTINGS.side - 1) / 2 * side / SETTINGS.side
    steps = (corner + np.arange(SETTINGS.side) * side / SETTINGS.side).astype(np.float32)
    plain = cv2.remap(picture, *np.meshgrid(steps, steps), cv2.INTER_LINEAR)
    # OpenCV samples at 32nds of a pixel.
    assert np.abs(face.image.astype(int) - plain).max() <= 2


def test_dots_on_the_picture_are_carried_to_the_new_landmarks():
    landmarks, chosen = seen(10), [27, 30, 36, 39, 48, 8]
    turn = (view_angles(rotation_of(20, 0, 0))[0], 0)
    for index in chosen:
        picture = np.zeros((SIDE, SIDE, 3), np.uint8)
        cv2.circle(picture, np.round(landmarks[index] * 16).astype(int).tolist(), 20, (255,) * 3, -1, 8, 4)
        face = turn_face(picture, fit_head(landmarks, SIDE), turn, NO_SLIDE, SETTINGS)
        weights = face.image[:, :, 0].astype(float)
        y, x = np.mgrid[: SETTINGS.side, : SETTINGS.side]
        middle = np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()
        assert np.linalg.norm(middle - face.landmarks[index]) < 1.5, index


def test_the_nose_hides_the_far_cheek_and_not_the_other_way_round():
    landmarks = seen(0)
    picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
    ridge = landmarks[[27, 28, 29, 30]].astype(int)
    cv2.polylines(picture, [ridge], False, (0, 0, 255), 3)
    cheek = landmarks[[35, 46]].mean(axis=0)
    cv2.circle(picture, np.round(cheek).astype(int).tolist(), 1, (255, 0, 0), -1)
    head = fit_head(landmarks, SIDE)
    slightly, far = (turn_face(picture, head, (yaw, 0), NO_SLIDE, SETTINGS) for yaw in (10, 55))
    assert (slightly.image[:, :, 0] > 150).any()
    assert not (far.image[:, :, 0] > 150).any()
    x, y = np.round(far.landmarks[29]).astype(int)
    assert far.image[y - 1 : y + 2, x - 3 : x + 4, 2].max() > 200


@pytest.mark.parametrize("extra", [40, -40])
def test_labels_of_the_far_jaw_lie_on_the_edge_of_the_head_that_is_seen(extra):
    """Head bright, ground dark: outwards of a far label the picture is dark, inwards bright."""
    landmarks = seen(0)
    head = fit_head(landmarks, SIDE)
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    hull = cv2.convexHull(head.points[head.on_head, :2].astype(np.float32)).astype(int)
    cv2.fillConvexPoly(picture, hull, (255, 255, 255))
    face = turn_face(picture, head, (extra, 0), NO_SLIDE, SETTINGS)
    outwards = 1 if extra > 0 else -1
    far = JAW[CHIN + 3 :] if extra > 0 else JAW[: CHIN - 2]
    for x, y in face.landmarks[far]:
        assert face.image[round(float(y)), round(float(x) - 3 * outwards), 0] > 200
        assert face.image[round(float(y)), round(float(x) + 3 * outwards), 0] < 60
    steps = np.linalg.norm(np.diff(face.landmarks[far], axis=0), axis=1)
    assert steps.max() < 2 * steps.min()


def test_skin_ends_where_its_normal_turns_from_the_camera():
    rows = head_rows()
    view = rotation_of(30, 0, 0)[2]
    edges = visible_angles(rows, view)
    reach = [row_points(rows, edges + step) @ rotation_of(30, 0, 0)[0] for step in (-0.02, 0, 0.02)]
    slid = 1 if view[0] > 0 else 0
    # At the edge the picture's x is largest (or smallest): a step to either side leads back.
    sign = 1 if slid else -1
    assert (sign * reach[1][:, slid] >= sign * np.array([reach[0][:, slid], reach[2][:, slid]])).all()
    np.testing.assert_allclose(edges[:, 1 - slid], (-1) ** slid * np.pi / 2)


def test_turns_lead_away_from_the_front_and_no_farther_than_labels_are_known():
    rng = np.random.default_rng(0)
    for yaw in (20, -30, 44):
        view = view_angles(rotation_of(yaw, 0, 0))[0]
        for _ in range(20):
            extra, _ = draw_turn(rotation_of(yaw, 0, 0), 45, rng)
            assert extra * view > 0
            assert abs(extra + view) <= 55
    assert draw_turn(rotation_of(50, 0, 0), 45, rng) is None
    sides = {np.sign(draw_turn(rotation_of(3, 0, 0), 45, rng)[0]) for _ in range(20)}
    assert sides == {-1.0, 1.0}


def marked(yaw, deeper, lower):
    """(68, 2) the mean face as people mark it whose near jaw lies deeper and comes down by `lower` a sine."""
    turn, shape = rotation_of(yaw, 0, 0), mean_landmarks().copy()
    near = JAW[:CHIN] if turn[2, 0] > 0 else JAW[CHIN + 1 :]
    shape[near, 2] += deeper
    face = (shape @ turn.T)[:, :2]
    face[near, 1] += lower * abs(turn[2, 0])
    return face


def test_the_slide_of_marks_is_measured_and_a_solid_has_none():
    yaws = np.linspace(-30, 30, 13)
    solid, slid = (
        measure_slide(np.array([marked(yaw, deeper, lower) for yaw in yaws]))
        for deeper, lower in ((0, 0), (0.2, 0.1))
    )
    # The pose follows the shifted points a little: each counts a quarter of an inner one.
    for found, deeper, lower in ((solid, 0, 0), (slid, 0.2, 0.1)):
        np.testing.assert_allclose(found.near_depth, deeper, atol=0.06)
        np.testing.assert_allclose(found.near_drop, lower, atol=0.05)
        assert abs(found.far_drop) < 0.05


def test_a_face_alone_tells_of_no_slide():
    slide = measure_slide(seen(20)[None])
    assert not slide.near_depth.any()
    assert not slide.near_drop.any()


def test_a_deeper_jaw_swings_out_farther_on_the_near_side_and_its_marks_stay_on_its_line():
    def lined_up(slide):
        head = fit_head(seen(0), SIDE, slide.near_depth)
        points = turn_face(np.zeros((SIDE, SIDE, 3), np.uint8), head, (30, 0), slide, SETTINGS).landmarks
        scale = np.ptp(points[INNER, 1]) / np.ptp(seen(0)[INNER, 1]) * 30
        return (points - points[ibug_68.nose_tip]).astype(np.float64) / scale

    plain = lined_up(NO_SLIDE)
    deep = lined_up(dataclasses.replace(NO_SLIDE, near_depth=np.full(CHIN, 0.2)))
    low = lined_up(dataclasses.replace(NO_SLIDE, near_drop=np.full(CHIN, 0.05)))
    # At a positive yaw of the view the subject's right is near, at the picture's left: 0.2 deeper is 0.1 out.
    near = JAW[:CHIN]
    np.testing.assert_allclose((deep - plain)[near], [[-0.1, 0]] * CHIN, atol=0.01)
    assert ((low - plain)[near, 1] > 0).all()
    line = np.vstack([plain[near], plain[CHIN]])
    apart = cv2.pointPolygonTest
    contour = np.vstack([line, line[-2:0:-1]]).astype(np.float32)
    assert all(abs(apart(contour, tuple(map(float, point)), True)) < 0.005 for point in low[near])


@pytest.fixture
def samples(tmp_path):
    """Three faces of 300-W that the mean face fits, one that nothing fits, and one of another set."""
    rng = np.random.default_rng(1)
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8))
    faces = [seen(yaw) for yaw in (0, 15, -20)]
    mixed = rng.permutation(faces[0])
    named = [(f"300w/{number}", face, "300w") for number, face in enumerate([*faces, mixed])]
    named.append(("youtube_faces/0", faces[0], "youtube_faces"))
    return [Sample(name, path, face.astype(np.float32), source) for name, face, source in named]


def test_a_face_is_turned_by_its_name_alone(samples):
    first, again = (turn_sample(samples[0], 0, NO_SLIDE, SETTINGS) for _ in range(2))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.landmarks, again.landmarks)
    other = turn_sample(samples[0], 1, NO_SLIDE, SETTINGS)
    assert np.abs(other.landmarks - first.landmarks).max() > 1
    renamed = turn_sample(dataclasses.replace(samples[0], name="300w/other"), 0, NO_SLIDE, SETTINGS)
    assert np.abs(renamed.landmarks - first.landmarks).max() > 1


def test_turned_faces_are_kept_and_what_does_not_fit_is_left_out_and_counted(samples, tmp_path, monkeypatch):
    pack, notes = load_turned(samples, 2, SETTINGS, tmp_path / "cache", workers=1)
    assert pack.names == [f"turned/300w/{number}/{copy}" for copy in (0, 1) for number in (0, 1, 2)]
    assert set(pack.sources) == {TURNED}
    assert pack.images.shape == (6, 160, 160, 3)
    assert notes == ["turned: 2 of 8 faces left out, turned too far already or not fitting"]
    monkeypatch.setattr("training.data.turned.pack.write_faces", None)
    again, notes_again = load_turned(samples, 2, SETTINGS, tmp_path / "cache", workers=1)
    assert (again.images == pack.images).all()
    assert notes_again == notes


def test_other_settings_make_other_turned_faces(samples, tmp_path):
    for settings in (SETTINGS, dataclasses.replace(SETTINGS, largest_yaw=20.0)):
        load_turned(samples, 1, settings, tmp_path / "cache", workers=1)
    assert len(list((tmp_path / "cache").glob("turned-*.npz"))) == 2


def test_without_faces_labelled_by_hand_nothing_is_turned(samples, tmp_path):
    with pytest.raises(BadInputError, match="got 0 of such a set"):
        load_turned(samples[4:], 1, SETTINGS, tmp_path, workers=1)
    with pytest.raises(BadInputError, match="none of 1 faces could be turned"):
        load_turned(samples[3:], 1, SETTINGS, tmp_path, workers=1)


def test_a_head_turned_until_its_far_eye_has_no_room_is_no_face():
    assert turned_from(0, 40) is not None
    assert turned_from(0, 75) is None


def test_points_that_are_no_face_have_no_head():
    assert fit_head(np.zeros((68, 2)), SIDE) is None
    assert fit_head(seen(0)[::-1], SIDE) is None


def test_a_run_learns_from_turned_faces_in_the_share_that_it_names(samples, tmp_path):
    folder = tmp_path / "data" / "300w"
    folder.mkdir(parents=True)
    picture = cv2.imread(str(samples[0].path))
    for name, sample in zip("abc", samples[:3], strict=True):
        cv2.imwrite(str(folder / f"{name}.png"), picture)
        rows = "\n".join(f"{x} {y}" for x, y in sample.landmarks + 1)
        (folder / f"{name}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n")
    (folder / "validation.txt").write_text("c\n")
    data = DataSettings(context=2.0, side=96, turned=1, weights={"300w": 0.8, TURNED: 0.2})
    model = ModelSettings("landmark_student", 64, {})
    settings = RunSettings(name="x", model=model, optimiser=OptimiserSettings(100), data=data)
    pack, validation, notes = load_faces(settings, tmp_path / "data", tmp_path / "packs")
    assert pack.sources == ["300w", "300w", TURNED, TURNED]
    assert pack.images.shape == (4, 96, 96, 3)
    assert pack.landmarks.shape == (4, 68, 2)
    assert validation.names == ["300w/c"]
    assert notes[-1].startswith("turned: 0 of 2 faces left out")
    shares = face_weights(pack.sources, shares_of(data))
    np.testing.assert_allclose(shares, [0.4, 0.4, 0.1, 0.1], rtol=1e-6)
    known = known_labels(pack.sources, ibug_68)
    assert known[:2].all()
    assert torch.equal(known[2:].any(0), torch.tensor([point not in JAW for point in range(68)]))
    assert known_labels(pack.sources[:2], ibug_68) is None


@pytest.mark.data
def test_the_sheet_shows_faces_beside_their_turned_selves(data_root, tmp_path, monkeypatch):
    monkeypatch.setattr("training.data.turned.pack.SHEET_FACES", 4)
    left_out = draw_turned(data_root, tmp_path / "turned.png")
    sheet = cv2.imread(str(tmp_path / "turned.png"))
    assert sheet.shape == (320, 8 * 320, 3)
    assert left_out == 0
