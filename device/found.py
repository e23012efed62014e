"""What every finder gives."""

from dataclasses import dataclass

from device.contract.geometry import Box


@dataclass(frozen=True)
class FoundFace:
    """One face as a finder gives it."""

    box: Box
    """Tight box of the landmarks, pixels of the frame."""
    score: float
    """Confidence, 0 to 1."""
    angle_radians: float = 0.0
    """Roll of the eye line, 0 for an upright head."""
