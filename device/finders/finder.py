"""What every finder is, and gives."""

from dataclasses import dataclass
from typing import Protocol

from device.contract.geometry import Box
from device.contract.image import Image


@dataclass(frozen=True)
class FoundFace:
    """One face as a finder gives it."""

    box: Box
    """Tight box of the landmarks, pixels of the frame."""
    score: float
    """Confidence, 0 to 1."""
    angle_radians: float = 0.0
    """Roll of the eye line, 0 for an upright head."""


class Finder(Protocol):
    """Anything that finds faces."""

    def find(self, image: Image) -> list[FoundFace]:
        """Faces of a frame, best first."""
        ...
