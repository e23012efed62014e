"""The points of a batch that are learnt, and how much each counts."""

from dataclasses import dataclass

from torch import Tensor

from training.data.augment import Batch

NEAR_CROP = 0.15
"""Crop sides by which a point may leave the crop and still be learnt. A map can only answer within the crop:
farther points would pull its border cells without limit."""
REFERENCE_SIDE = 256
"""Crop side, pixels, in which the papers state their lengths."""


@dataclass(frozen=True, eq=False)
class Targets:
    """The true points of a batch."""

    landmarks: Tensor
    """(B, K, 2) crop pixels."""
    inside: Tensor
    """(B, K, 2) the same, moved onto the crop where they leave it: all that a map can answer."""
    weight: Tensor
    """(B, K) 0 for a crop without a face, a point too far outside or an unknown label; the mean is 1."""
    face: Tensor
    """(B,) 1 for a crop on a face."""
    side: int
    """Crop pixels."""

    @property
    def unit(self) -> float:
        """Crop pixels per pixel of a 256-pixel crop."""
        return self.side / REFERENCE_SIDE


def targets_of(batch: Batch) -> Targets:
    """The targets of a batch."""
    side = batch.image.shape[2]
    inside = batch.landmarks.clamp(-0.5, side - 0.5)
    near = ((batch.landmarks - inside).abs().amax(2) < NEAR_CROP * side) * batch.face[:, None]
    if batch.known is not None:
        near = near * batch.known
    return Targets(batch.landmarks, inside, near / near.mean().clamp_min(1e-3), batch.face, side)
