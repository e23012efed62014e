"""The interface of face finders, and their result."""

from dataclasses import dataclass
from typing import Protocol

from device.contract.geometry import Box, Image


@dataclass(frozen=True)
class FoundFace:
    """One face found in a frame."""

    box: Box
    """Tight box of the landmarks, pixels of the frame."""
    score: float
    """Confidence, 0 to 1."""
    angle_radians: float = 0.0
    """Roll of the eye line, 0 for an upright head."""


class Finder(Protocol):
    """Finds faces in a frame."""

    def find(self, image: Image) -> list[FoundFace]:
        """Faces of a frame, best first."""
        ...
