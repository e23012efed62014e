"""One labelled face, whatever set it comes from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture's path and one face's landmarks in it."""

    name: str
    """Unique within a data folder: SET/relative path without ending."""
    path: Path
    """The picture; a path that goes on inside a .mat file (FILE.mat/IsTr/12) means a picture in it."""
    landmarks: NDArray[np.float32]
    """(K, 2) pixels of the picture; (0, 0) is the centre of the top-left pixel."""
    source: str
    """Set it comes from: 300w, youtube_faces, synthetic."""
    yaw_radians: float | None = None
    """How far the head is turned, where the set says it."""

    @property
    def box(self) -> Box:
        """The tight box of the landmarks."""
        return Box.around(self.landmarks)
