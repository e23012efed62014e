"""Poses of a solid face under flat landmarks: a rotation, a scale and a shift for each (scaled orthography).

Letters: F faces, K landmarks. Axes: x to the picture's right, y down, z away from the camera.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import LandmarkScheme

Array = NDArray[np.float64]

JAW_WEIGHT = 0.25
"""Of the outline's points in a face's pose: they slide along the skin when the head turns."""


@dataclass(frozen=True, eq=False)
class Poses:
    """How F faces are turned, scaled and shifted."""

    rotations: Array
    """(F, 3, 3) face axes to camera axes."""
    scales: Array
    """(F,)."""
    offsets: Array
    """(F, 3); z means nothing."""

    def projected(self, shape: Array) -> Array:
        """(F, K, 3) the shape (K, 3) seen by each."""
        turned = np.einsum("fij,kj->fki", self.rotations, shape)
        return self.scales[:, None, None] * turned + self.offsets[:, None]


def with_mirror_images(faces: Array, scheme: LandmarkScheme) -> Array:
    """(2 F, K, 2): the faces, then each mirrored."""
    return np.concatenate([faces, faces[:, scheme.mirror_order] * [-1, 1]])


def _procrustes(shape: Array, seen: Array, weights: Array) -> Poses:
    """The turns, scales and shifts that carry a shape (K, 3) best onto (F, K, 3); weights (K,) sum to 1."""
    centroid, centroids = weights @ shape, np.einsum("k,fkd->fd", weights, seen)
    crossed = np.einsum("k,fkd,ke->fde", weights, seen - centroids[:, None], shape - centroid)
    left, lengths, right = np.linalg.svd(crossed)
    handed = np.sign(np.linalg.det(left @ right))
    left[:, :, 2] *= handed[:, None]
    lengths[:, 2] *= handed
    scales = lengths.sum(axis=1) / (weights @ ((shape - centroid) ** 2).sum(axis=1))
    rotations = left @ right
    return Poses(rotations, scales, centroids - scales[:, None] * (rotations @ centroid))


def fit_poses(shape: Array, faces: Array, poses: Poses, weights: Array, rounds: int) -> Poses:
    """Poses of faces (F, K, 2) that show a shape (K, 3): from those at hand, better by each round."""
    for _ in range(rounds):
        depth = poses.projected(shape)[..., 2:]
        poses = _procrustes(shape, np.concatenate([faces, depth], axis=-1), weights / weights.sum())
    return poses
