"""Several looks at one photograph: mirrored, shifted and scaled. Where they agree, their mean is a label.

A network that sees a face is hardly moved by these changes; one that guesses is. Agreement is no proof: a
mesh that is wrong in the same way in every pass agrees with itself. So faces that the mesh itself shows
turned far are left out as well, where it is known to be weak.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68

Array = NDArray[np.float64]

SIDE = 320
"""Pixels of a pass, each way. FairFace's pictures have 224; the room about them helps a detector that was
taught on whole scenes."""
MIN_PASSES = 5
"""In which a face must be found."""
MAX_SPREAD = 0.012
"""Mean distance of the passes from their mean, in face sizes, up to which they agree."""
MIRROR = np.asarray(ibug_68.mirror_order)


@dataclass(frozen=True)
class Pass:
    """One look at a picture: scaled about its centre, shifted, perhaps mirrored before."""

    scale: float
    shift: tuple[float, float]
    """Pixels of the pass."""
    mirrored: bool

    def matrix(self, width: int, height: int) -> Array:
        """(2, 3) from pixels of the picture to pixels of the pass."""
        flip = -1.0 if self.mirrored else 1.0
        middle = (SIDE - 1) / 2
        x, y = (width - 1) / 2, (height - 1) / 2
        return np.array(
            [
                [flip * self.scale, 0, middle + self.shift[0] - flip * self.scale * x],
                [0, self.scale, middle + self.shift[1] - self.scale * y],
            ]
        )


PASSES = (
    Pass(1.0, (0, 0), mirrored=False),
    Pass(1.0, (0, 0), mirrored=True),
    Pass(0.8, (17, -11), mirrored=False),
    Pass(0.8, (17, -11), mirrored=True),
    Pass(1.2, (-9, 14), mirrored=False),
    Pass(1.2, (-9, 14), mirrored=True),
)
"""In pairs, so that what one side of the network favours cancels."""


def looks_at(picture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A picture (H, W, 3) as every pass shows it, (SIDE, SIDE, 3) each, grey beside it."""
    height, width = picture.shape[:2]
    return [
        np.asarray(
            cv2.warpAffine(
                picture, each.matrix(width, height), (SIDE, SIDE), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT, borderValue=(128, 128, 128),
            ),
            np.uint8,
        )
        for each in PASSES
    ]  # fmt: skip


def back_in_picture(landmarks: Array, width: int, height: int) -> Array:
    """(P, 68, 2) landmarks of the passes in pixels of the picture, mirrored ones with exchanged sides."""
    made = []
    for each, points in zip(PASSES, landmarks, strict=True):
        back = cv2.invertAffineTransform(each.matrix(width, height))
        moved = points @ back[:, :2].T + back[:, 2]
        made.append(moved[MIRROR] if each.mirrored else moved)
    return np.stack(made)


@dataclass(frozen=True, eq=False)
class Agreement:
    """What the passes say together."""

    landmarks: Array
    """(68, 2) their mean, pixels of the picture."""
    spread: float
    """Mean distance of the passes from it, face sizes."""


def mean_and_spread(found: Array) -> Agreement:
    """The mean of passes (P, 68, 2) that have all found the face, and how far they lie from it."""
    mean = found.mean(axis=0)
    size = np.ptp(mean, axis=0).max()
    return Agreement(mean, float(np.linalg.norm(found - mean, axis=2).mean() / size))


def agreement_of(landmarks: Array) -> Agreement | None:
    """The passes' mean (P, 68, 2), or None where they do not agree; NaN where a pass found nothing."""
    found = landmarks[np.isfinite(landmarks).all(axis=(1, 2))]
    if len(found) < MIN_PASSES:
        return None
    both = mean_and_spread(found)
    return both if both.spread <= MAX_SPREAD else None
