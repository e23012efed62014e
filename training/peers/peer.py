"""What every peer is asked, whatever it is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, Image
from device.contract.landmarks import ibug_68
from device.contract.metrics import eye_centres

Landmarks = NDArray[np.float64]
"""(68, 2) points of ibug_68, pixels of the picture; NaN for a point that a peer does not have."""

Calls = dict[str, Callable[[], Any]]
"""Timed calls by the name of their stage."""

CROP, NETWORK, DECODE, LOOK = "crop", "network", "decode", "crop + network + decode"
FIND, SEARCH = "find", "find + landmarks"
STAGES = (CROP, NETWORK, DECODE, LOOK, FIND, SEARCH)
"""Names of the stages that can be timed in one process, in the order of a frame."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face that a peer found by itself."""

    box: Box
    """About where the tight box of the landmarks is, pixels of the picture."""
    five: NDArray[np.float64]
    """(5, 2) points of arcface_5: the eyes' centres, the tip of the nose, the corners of the mouth."""
    landmarks: Landmarks | None
    """None of a peer that has only the five."""

    @classmethod
    def of(cls, landmarks: Landmarks) -> "Face":
        """The face of 68 landmarks."""
        return cls(Box.around(landmarks[~np.isnan(landmarks[:, 0])]), five_of(landmarks), landmarks)


def five_of(landmarks: Landmarks) -> NDArray[np.float64]:
    """(5, 2) points of arcface_5 from (68, 2) of ibug_68."""
    chosen = [ibug_68.nose_tip, *ibug_68.mouth_corners]
    # Times a weight of zero, a point that is lacking would still be no number.
    return np.vstack([eye_centres(np.nan_to_num(landmarks), ibug_68), landmarks[chosen]])


class Looker(Protocol):
    """Landmarks of a face whose place is known."""

    lacking: tuple[int, ...]
    """Points of ibug_68 that it does not have."""

    def look(self, image: Image, box: Box) -> Landmarks:
        """One pass, on the face in the tight box of the landmarks."""
        ...

    def follow(self, image: Image, box: Box) -> Landmarks:
        """The same and a second pass, placed by the first as its own tracker places the next frame's."""
        ...

    def calls(self, image: Image, box: Box) -> Calls:
        """What can be timed of one pass: CROP, NETWORK, DECODE and LOOK, or some of these."""
        ...


class Searcher(Protocol):
    """Faces of a picture by the peer's own finder."""

    def faces(self, image: Image) -> Sequence[Face]:
        """Every face, with its landmarks."""
        ...

    def find(self, image: Image) -> Any:
        """The finder's part alone, to be timed."""
        ...


@dataclass(frozen=True)
class Peer:
    """One row of the tables."""

    name: str
    version: str
    """Of the package, or of the file, as `sha256:` and its first digits."""
    opened_by: tuple[str, ...]
    """Arguments of `newborn.py` that open it in a process of its own; empty where it has one already."""
    looker: Looker | None = None
    """None of a peer that cannot be told where the face is."""
    searcher: Searcher | None = None
    """None of a peer that needs to be told."""
