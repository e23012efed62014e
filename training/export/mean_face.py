"""The mean face: where the 68 points lie in space, out of flat training shapes alone.

Structure from motion over people instead of time: each labelled face is the same solid shape, turned, scaled
and shifted (scaled orthography), plus what sets this person apart. Shape and poses are estimated in turns,
each by least squares; every face counts mirrored too, so the shape is symmetric. The depth of the shape
is what people look like turned less or more.

Turns where both steps are exact least squares go back to Tomasi and Kanade's factorisation (IJCV 1992);
completing the unseen depth by the estimate at hand makes each pose a Procrustes problem.

Letters: F faces, K landmarks. Axes: x to the picture's right, y down, z away from the camera.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.files import write_whole_bytes
from device.contract.landmarks import LandmarkScheme
from training.data.poses import JAW_WEIGHT, Poses, fit_poses, with_mirror_images
from training.data.sets import Sample, read_data_folder

Array = NDArray[np.float64]

FLATTEST = 0.4
"""Depth of the first guess, in deviations of the shape: any guess of the right sign leads to the same end."""

STEADY = 1e-4
"""Change of the shape, in eye distances, at which the turns end."""

MAX_ITERATIONS = 60


@dataclass(frozen=True, eq=False)
class MeanFace:
    """The shape and how well the faces agree with it."""

    landmarks: Array
    """(K, 3) eye distances from the midpoint of the outer eye corners."""
    deviations: Array
    """(K,) root mean square distance of the labels from the shape as each face shows it, eye distances."""


def _levelled(faces: Array) -> Array:
    """(F, K, 2) about their means, at one size: no face counts more for being near the camera."""
    centred = faces - faces.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=(1, 2), keepdims=True)), np.float64)


def first_guess(faces: Array, scheme: LandmarkScheme) -> Array:
    """(K, 3): the mean in the plane; for depth, how the points move sideways when heads turn.

    Under a small turn a point moves in proportion to its depth, and a turn is what a face and its mirror
    image differ by most.
    """
    mean = faces.mean(axis=0)
    plane, flat = (points[..., 0] + 1j * points[..., 1] for points in (faces, mean))
    upright = plane / ((plane @ flat.conj()) / (flat @ flat.conj()))[:, None]
    across = upright.real - upright.real.mean(axis=0)
    lopsided = across + across[:, scheme.mirror_order]
    sideways = np.linalg.eigh(lopsided.T @ lopsided)[1][:, -1]
    depth = sideways - sideways.mean()
    nearest_first = np.sign(depth[list(scheme.groups["jaw"])].mean() - depth[scheme.nose_tip])
    depth *= nearest_first * FLATTEST * mean.std() / depth.std()
    return np.column_stack([upright.real.mean(axis=0), upright.imag.mean(axis=0), depth])


def fit_shape(faces: Array, poses: Poses, trust: Array) -> Array:
    """(K, 3) least squares shape that faces (F, K, 2) in known poses show; `trust` (F,) weighs them."""
    views = poses.scales[:, None, None] * poses.rotations[:, :2]
    normal = np.einsum("f,fij,fik->jk", trust, views, views)
    shown = np.einsum("f,fij,fki->jk", trust, views, faces - poses.offsets[:, None, :2])
    return np.asarray(np.linalg.solve(normal, shown).T, np.float64)


def _in_eye_distances(shape: Array, scheme: LandmarkScheme) -> Array:
    """Symmetric, the outer eye corners one apart and level with the origin."""
    shape = (shape + shape[scheme.mirror_order] * [-1, 1, 1]) / 2
    right, left = scheme.outer_eye_corners
    midpoint = (shape[right] + shape[left]) / 2
    return np.asarray((shape - midpoint) / np.linalg.norm(shape[left] - shape[right]), np.float64)


def _faced(shape: Array, poses: Poses) -> Array:
    """The shape nodded so that half of the faces look above the camera and half below it."""
    nod = -np.median(np.arctan2(poses.rotations[:, 1, 2], poses.rotations[:, 2, 2]))
    sine, cosine = np.sin(nod), np.cos(nod)
    return shape @ np.array([[1, 0, 0], [0, cosine, sine], [0, -sine, cosine]])


def derive_mean_face(faces: Array, scheme: LandmarkScheme) -> MeanFace:
    """The mean face of labelled faces (F, K, 2), any size and place."""
    faces = _levelled(with_mirror_images(np.asarray(faces, np.float64), scheme))
    weights = np.ones(scheme.count)
    weights[list(scheme.groups["jaw"])] = JAW_WEIGHT
    shape = _in_eye_distances(first_guess(faces, scheme), scheme)
    count = len(faces)
    poses = Poses(np.tile(np.eye(3), (count, 1, 1)), np.ones(count), np.zeros((count, 3)))
    rounds, trust = 20, np.ones(count)
    for _ in range(MAX_ITERATIONS):
        poses = fit_poses(shape, faces, poses, weights, rounds)
        errors = np.linalg.norm(poses.projected(shape)[..., :2] - faces, axis=-1) / poses.scales[:, None]
        # A face that fits badly (mislabelled, grimacing) counts less: Huber's weights.
        strain = (errors * (weights == 1)).mean(axis=1)
        trust = 1 / np.maximum(strain / np.median(strain), 1)
        before, shape = shape, _in_eye_distances(fit_shape(faces, poses, trust), scheme)
        if np.abs(shape - before).max() < STEADY:
            break
        rounds = 4
    return MeanFace(_faced(shape, poses), np.sqrt((errors**2).mean(axis=0)))


def write_mean_face(path: Path, data: Path, scheme: LandmarkScheme) -> MeanFace:
    """Derive the mean face of a data folder's training faces and write it as JSON, with where it comes from.

    Raises:
        BadInputError: no data set there, or a damaged one.
        WriteFailedError: the file cannot be written.
    """
    samples = read_data_folder(data).train
    mean = derive_mean_face(np.stack([sample.landmarks for sample in samples]), scheme)
    page = {
        "about": "mean positions in space of the landmarks of training faces"
        " (300-W and YouTube Faces, for research); see training/export/mean_face.py",
        "scheme": scheme.name,
        "axes": "x to the subject's left, y down, z to the back of the head;"
        " origin between the outer eye corners",
        "unit": "eye distances: 1 is from outer eye corner to outer eye corner",
        "faces": _counts(samples),
        "landmarks": np.round(mean.landmarks, 4).tolist(),
        "deviations": np.round(mean.deviations, 4).tolist(),
    }
    write_whole_bytes(path, json.dumps(page, indent=1).encode() + b"\n")
    return mean


def _counts(samples: Sequence[Sample]) -> dict[str, int]:
    """How many faces each set gave."""
    names = [sample.source for sample in samples]
    return {name: names.count(name) for name in sorted(set(names))}
