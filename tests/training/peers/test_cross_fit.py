import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.contract.landmarks import ibug_68
from tests.training.report.test_scheme_offsets import faces, off_by
from training.peers.cross_fit import FOLDS, without_offsets


def nme(found, samples):
    pairs = [(each, sample) for each, sample in zip(found, samples, strict=True) if each is not None]
    sizes = [np.ptp(sample.landmarks, axis=0).max() for _, sample in pairs]
    errors = [np.linalg.norm(each - sample.landmarks, axis=1).mean() for each, sample in pairs]
    return np.mean(np.divide(errors, sizes))


def test_a_constant_is_taken_off_and_a_missed_face_stays_missed():
    samples, poses = faces(60)
    offset = np.random.default_rng(4).normal(0, 0.1, (68, 2)) @ [1, 1j]
    found = off_by(samples, poses, offset)
    found[7] = None
    fitted = without_offsets(found, samples, ibug_68)
    assert fitted[7] is None
    assert nme(found, samples) > 0.02
    assert nme(fitted, samples) < 0.005


def test_no_face_corrects_itself():
    """One face that is far off moves the faces of the other folds, and not those of its own."""
    samples, _ = faces(40)
    found = [sample.landmarks.astype(float) for sample in samples]
    before = without_offsets(found, samples, ibug_68)
    found[3] = found[3] + np.linspace(-40, 40, 136).reshape(68, 2)
    after = without_offsets(found, samples, ibug_68)
    moved = [not np.allclose(one, other) for one, other in zip(before, after, strict=True)]
    assert not any(moved[face] for face in range(13, 40, FOLDS))
    assert all(moved[face] for face in range(40) if face % FOLDS != 3)


def test_too_few_faces_are_told():
    samples, _ = faces(25)
    found = [None] * 10 + [sample.landmarks for sample in samples[10:]]
    with pytest.raises(BadInputError, match="15 of 25 faces were found, wanted 20"):
        without_offsets(found, samples, ibug_68)
