import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from device.contract.metrics import nme
from device.contract.shape import ShapeCorrection
from device.signal.mean_face import mean_landmarks
from training.export.shape import Looks, as_points, corrected, fit_shape, held_out_gain, mean_face_of, nme_of

rng = np.random.default_rng(0)
MEAN = np.asarray(mean_landmarks()[:, :2], np.float64)
MEAN = (MEAN - MEAN.mean(axis=0)) / np.linalg.norm(MEAN[45] - MEAN[36])


def faces(count: int) -> np.ndarray:
    """(N, 68, 2) crop pixels of drawn faces: few ways to differ, turned and scaled."""
    ways = np.random.default_rng(1).normal(0, 0.03, (6, 68, 2))
    shapes = MEAN + np.tensordot(rng.normal(size=(count, 6)), ways, axes=1)
    angles, scales = rng.uniform(-0.2, 0.2, count), rng.uniform(40, 60, count)
    points = as_points(shapes) * (scales * np.exp(1j * angles))[:, None] + 64 + 64j
    return np.stack([points.real, points.imag], axis=2)


def looks(noise_px: float, law: ShapeCorrection | None = None, count: int = 400) -> Looks:
    found = faces(count)
    true = found if law is None else corrected(law.correct, found).astype(np.float64)
    return Looks(found, true + rng.normal(0, noise_px, found.shape), np.arange(count))


def law_of(matrix_scale: float) -> ShapeCorrection:
    numbers = np.zeros((136, 138))
    numbers[:, 0], numbers[:, 1] = MEAN.ravel(), rng.normal(0, 0.02, 136)
    numbers[:, 2:] = rng.normal(0, matrix_scale, (136, 136))
    return ShapeCorrection(numbers)


def test_a_known_law_is_found_again():
    seen = looks(0.2, law_of(0.02), count=600)
    shape = fit_shape(seen, ibug_68)
    before = nme_of(seen.found, seen.true, ibug_68)
    after = nme_of(corrected(shape.correct, seen.found), seen.true, ibug_68)
    # What is left is the noise of the labels: 0.2 px in x and y, 50 px between the eyes.
    assert before > 0.02
    assert after < 0.007


def test_faces_not_fitted_to_gain_as_well_or_it_is_said():
    assert held_out_gain(looks(0.2, law_of(0.02), count=600), ibug_68) > 0.02
    assert held_out_gain(looks(1.0, count=60), ibug_68) < 0


def test_distances_count_and_not_their_squares():
    seen = looks(0.2)
    wrong = rng.random(400) < 0.1
    # A tenth of the labels of the nose's tip lie 20 px off: a mean would move by 2 px, a median does not.
    seen.true[wrong, 30, 0] += 20
    shape = fit_shape(seen, ibug_68)
    moved = corrected(shape.correct, seen.found)[~wrong, 30, 0] - seen.found[~wrong, 30, 0]
    assert abs(moved.mean()) < 0.5


def test_the_mean_face_is_upright_and_of_unit_size():
    mean = mean_face_of(faces(50), ibug_68)
    assert mean[45] - mean[36] == pytest.approx(1, abs=1e-9)
    assert np.abs(mean - as_points(MEAN)).max() < 0.05


def test_nme_is_the_contracts():
    true = faces(4)
    found = true + rng.normal(0, 2, true.shape)
    wanted = np.mean([nme(a, b, ibug_68) for a, b in zip(found, true, strict=True)])
    assert nme_of(found, true, ibug_68) == pytest.approx(wanted)


def test_what_no_face_shows_is_smoothed_by_half():
    seen = looks(0.01)
    shape = fit_shape(seen, ibug_68)
    noise = rng.normal(0, 1, seen.found.shape)
    moved = corrected(shape.correct, seen.found + noise) - corrected(shape.correct, seen.found)
    # Six ways to differ, and where and how large a face is, pass; the other 126 directions are halved.
    assert np.std(moved) == pytest.approx(np.sqrt((10 + 126 * 0.25) / 136), abs=0.03)
