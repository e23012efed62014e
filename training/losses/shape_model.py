"""An active shape model: how faces vary, and the smoothed labels that it gives.

Cootes et al., CVIU 61 (1995); its use for soft landmarks: Fard & Mahoor, CVIU 215 (2022).
A shape is written as K complex numbers x + i y, so that a shift, a turn and a scale of it are one sum and
one product: the least-squares similarity between two centred shapes is a quotient of inner products.
Letters: N shapes, K landmarks, M modes.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from device.contract.errors import BadInputError

CLIP = 3.0
"""Standard deviations that a mode may be off."""
ROUNDS = 5
"""Of generalised Procrustes alignment; the mean settles within three."""


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """A mean shape and its modes."""

    mean: Tensor
    """(K,) complex64, centred, of unit norm."""
    modes: Tensor
    """(M, 2 K) float32 orthonormal rows: K real parts, then K imaginary parts."""
    deviations: Tensor
    """(M,) standard deviation of each mode's coefficient."""

    def to(self, device: torch.device) -> "ShapeModel":
        """The model on another device."""
        return ShapeModel(self.mean.to(device), self.modes.to(device), self.deviations.to(device))

    def soften(self, landmarks: Tensor) -> Tensor:
        """Soft landmarks: each face as the model's modes can express it.

        The shape without its pose is z; b = P (z - mean), clipped to +-3 sigma, and mean + P^T b is put
        back into the face's own pose.

        Args:
            landmarks: (B, K, 2) in any unit.

        Returns:
            (B, K, 2) in the same unit.
        """
        shapes = torch.view_as_complex(landmarks.float().contiguous())
        centroid = shapes.mean(1, keepdim=True)
        centred = shapes - centroid
        # The similarity a that minimises |centred - a mean|, mean being of unit norm.
        pose = (self.mean.conj() * centred).sum(1, keepdim=True)
        off = centred / pose - self.mean
        limit = CLIP * self.deviations
        # Labels stay exact, whatever the precision of the network that learns them.
        with torch.autocast(landmarks.device.type, enabled=False):
            coefficients = (torch.cat([off.real, off.imag], 1) @ self.modes.T).clamp(-limit, limit)
            real, imaginary = (coefficients @ self.modes).chunk(2, dim=1)
        return torch.view_as_real((self.mean + torch.complex(real, imaginary)) * pose + centroid)


def align_shapes(shapes: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Generalised Procrustes: (N, K) centred shapes without pose, and their mean (K,) of unit norm."""
    mean = shapes[0] / np.linalg.norm(shapes[0])
    for _ in range(ROUNDS):
        pose = shapes @ mean.conj()
        aligned = shapes / pose[:, None]
        mean = aligned.mean(0)
        mean /= np.linalg.norm(mean)
    pose = shapes @ mean.conj()
    return shapes / pose[:, None], mean


def fit_shape_model(landmarks: NDArray[np.floating], variance_share: float) -> ShapeModel:
    """PCA of training shapes after their pose is taken out.

    Args:
        landmarks: (N, K, 2).
        variance_share: the fewest modes are kept whose variances sum to this share of all.

    Raises:
        BadInputError: a share outside 0..1, or fewer than two shapes.
    """
    if not 0 < variance_share <= 1 or len(landmarks) < 2:
        raise BadInputError(
            f"shape model of {len(landmarks)} faces and variance share {variance_share:g}: wanted at least "
            "two faces and a share above 0, at most 1"
        )
    shapes = np.ascontiguousarray(landmarks, np.float64).view(np.complex128)[..., 0]
    aligned, mean = align_shapes(shapes - shapes.mean(1, keepdims=True))
    off = aligned - mean
    flat = np.concatenate([off.real, off.imag], axis=1)
    _, singular, modes = np.linalg.svd(flat, full_matrices=False)
    variances = singular**2 / (len(flat) - 1)
    shares = np.cumsum(variances) / variances.sum()
    count = int(np.searchsorted(shares, variance_share - 1e-9)) + 1
    return ShapeModel(
        torch.from_numpy(mean.astype(np.complex64)),
        torch.from_numpy(modes[:count].astype(np.float32)),
        torch.from_numpy(np.sqrt(variances[:count]).astype(np.float32)),
    )
