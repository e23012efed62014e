"""One labelled face, whatever set it comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box


@dataclass(frozen=True, eq=False)
class Sample:
    """The path of a picture, and the landmarks of one face in it."""

    name: str
    """Unique within a data folder: SET/relative path without ending, Unicode form NFC."""
    path: Path
    """The picture; a path that continues inside a .mat file (FILE.mat/IsTr/12) means a picture in it."""
    landmarks: NDArray[np.float32]
    """(K, 2) pixels of the picture; (0, 0) is the centre of the top-left pixel."""
    source: str
    """Data set that it comes from: 300w, youtube_faces, rendered, fairface, drawn."""
    _: KW_ONLY
    yaw_radians: float | None = None
    """Yaw of the head, where the data set gives it."""
    attributes: tuple[str, ...] = ()
    """What the data set says of the face: pose, occlusion, ..."""
    visible: NDArray[np.bool_] | None = None
    """(K,) which points nothing hides, where the data set gives it."""

    @property
    def box(self) -> Box:
        """The tight box of the landmarks."""
        return Box.around(self.landmarks)


class Faces(list[Sample]):
    """Labelled faces of one data set, and the names of those that could not be used."""

    def __init__(self, samples: Iterable[Sample] = (), left_out: Iterable[str] = ()) -> None:
        super().__init__(samples)
        self.left_out = list(left_out)


def left_out_of(samples: Sequence[Sample]) -> list[str]:
    """Names of the faces that a reader left out of these."""
    return samples.left_out if isinstance(samples, Faces) else []
