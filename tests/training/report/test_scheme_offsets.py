from pathlib import Path

import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from training.data.sets.sample import Sample
from training.report.scheme_offsets import fit_offsets


def faces(count, seed=0):
    """Faces of one shape in any pose, as samples, and the pose of each as a complex factor and shift."""
    rng = np.random.default_rng(seed)
    shape = np.random.default_rng(9).normal(0, 1, (68, 2)) @ [1, 1j]
    samples, poses = [], []
    for number in range(count):
        pose = rng.uniform(40, 90) * np.exp(1j * rng.normal(0, 0.4))
        points = pose * (shape + rng.normal(0, 0.05, (68, 2)) @ [1, 1j]) + 200
        landmarks = np.column_stack([points.real, points.imag]).astype(np.float32)
        samples.append(Sample(str(number), Path(), landmarks, "300w"))
        poses.append(pose)
    return samples, poses


def off_by(samples, poses, offset):
    """What a predictor would find that is off by a constant in the face's own frame."""
    moved = [pose * offset for pose in poses]
    return [
        face.landmarks + np.column_stack([lacks.real, lacks.imag])
        for face, lacks in zip(samples, moved, strict=True)
    ]


def test_a_constant_offset_is_found_and_taken_off_other_faces():
    offset = np.random.default_rng(4).normal(0, 0.1, (68, 2)) @ [1, 1j]
    training, judged = faces(200), faces(20, seed=1)
    offsets = fit_offsets(off_by(*training, offset), training[0], ibug_68)
    for found, sample in zip(off_by(*judged, offset), judged[0], strict=True):
        size = np.ptp(sample.landmarks, axis=0).max()
        before = np.linalg.norm(found - sample.landmarks, axis=1).mean() / size
        after = np.linalg.norm(offsets.removed(found) - sample.landmarks, axis=1).mean() / size
        assert before > 0.02
        assert after < 0.005


def test_what_is_no_constant_stays():
    rng = np.random.default_rng(5)
    samples, _ = faces(300)
    found = [face.landmarks + rng.normal(0, 5, (68, 2)) for face in samples]
    offsets = fit_offsets(found, samples, ibug_68)
    before, after = (
        np.mean(
            [
                np.linalg.norm(each - face.landmarks, axis=1).mean()
                for each, face in zip(points, samples, strict=True)
            ]
        )
        for points in (found, [offsets.removed(face) for face in found])
    )
    assert after == pytest.approx(before, rel=0.02)
