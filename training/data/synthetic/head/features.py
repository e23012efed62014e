"""Positions of the 68 landmarks on a frontal face and on the surface of the head.

Plan coordinates: x, centimetres to the picture's right, and t, centimetres below the eyes.
"""

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68
from training.data.synthetic.traits import Expression, Identity

JAW = slice(0, 17)
UPPER_LIP_FRACTION = 0.22
"""Fraction of an open mouth's gap by which the upper lip rises; the lower lip falls by the rest."""

_RIGHT_HALF = np.array(
    [number for number, name in enumerate(ibug_68.landmark_names) if name.startswith("right_")]
)


def _brow(identity: Identity, brow_raise: float) -> NDArray[np.float64]:
    """(5, 2) points 17 to 21, outer to inner end, along the centre line of the brow."""
    x = -identity.eye_x - identity.eye_width * np.array([0.74, 0.42, 0.05, -0.32, -0.64])
    arch = np.array([-0.75, 0.5, 1.0, 0.75, 0.1]) * identity.brow_arch
    # A frown pulls the inner end down and inwards; raising lifts the whole brow.
    lift = brow_raise * np.array([0.55, 0.7, 0.8, 0.85, 0.9])
    frown = max(-brow_raise, 0.0) * np.array([0, 0, 0.05, 0.12, 0.25])
    return np.stack([x + frown, -(identity.brow_height + arch + lift)], axis=1)


def _eye(identity: Identity, closing: float) -> NDArray[np.float64]:
    """(6, 2) points 36 to 41 on the edge of the lids, from the outer corner over the upper lid."""
    along = np.array([-0.5, -0.19, 0.18, 0.5, 0.2, -0.17])
    x = -identity.eye_x + identity.eye_width * along
    opening = identity.eye_height * (1 - closing)
    closed = 0.28 * identity.eye_height
    lids = np.array([0.0, closed - 0.85 * opening, closed - 0.85 * opening, 0.08, closed, closed])
    lids[[4, 5]] += 0.12 * opening
    return np.stack([x, lids + 2 * identity.eye_slant * along], axis=1)


def _nose(identity: Identity) -> NDArray[np.float64]:
    """(7, 2) points 27 to 30 down the ridge, 31 and 32 under the right wing, 33 at the base."""
    ridge = np.linspace(-0.2, identity.nose_tip, 4)
    under = identity.nose_half_width * np.array([-0.78, -0.4, 0.0])
    base = identity.nose_base + np.array([-0.22, -0.02, 0.1])
    return np.stack([np.r_[np.zeros(4), under], np.r_[ridge, base]], axis=1)


def _mouth(identity: Identity, gap: float, smile: float) -> NDArray[np.float64]:
    """(20, 2) points 48 to 67; those of the left side stay zero."""
    half = identity.mouth_half_width * (1 + 0.17 * smile - 0.04 * gap)
    thin = 1 - 0.12 * max(smile, 0.0)
    up, down = UPPER_LIP_FRACTION * gap, (1 - UPPER_LIP_FRACTION) * gap
    corner = 0.22 * gap - 0.55 * smile
    upper, lower = identity.upper_lip * thin, identity.lower_lip * thin
    points = np.zeros((20, 2))
    points[:4] = [[-1.0, corner], [-0.62, -0.55 * upper - 0.75 * up + 0.38 * corner],
                  [-0.2, -1.08 * upper - up], [0.0, -0.92 * upper - up]]  # fmt: skip
    points[9:12] = [[0.0, lower + down], [-0.32, 0.96 * lower + 0.97 * down + 0.05 * corner],
                    [-0.7, 0.58 * lower + 0.76 * down + 0.4 * corner]]  # fmt: skip
    points[12:15] = [[-0.86, 0.86 * corner], [-0.33, -0.92 * up + 0.16 * corner], [0.0, -up]]
    points[18:20] = [[0.0, down], [-0.33, 0.93 * down + 0.16 * corner]]
    points[:, 0] *= half
    points[:, 1] += identity.mouth
    return points


def _symmetric_plan(identity: Identity, expression: Expression, side: int) -> NDArray[np.float64]:
    """(68, 2) plan of a face with the expression of `side` on both halves; the jaw stays zero."""
    plan = np.zeros((68, 2))
    plan[17:22] = _brow(identity, expression.brow_raise[side])
    plan[27:34] = _nose(identity)
    plan[36:42] = _eye(identity, expression.eye_closing[side])
    plan[48:68] = _mouth(identity, expression.mouth_gap, expression.smile[side])
    left = ibug_68.mirror_order[_RIGHT_HALF]
    plan[left] = plan[_RIGHT_HALF] * [-1, 1]
    return plan


def feature_plan(identity: Identity, expression: Expression) -> NDArray[np.float64]:
    """(68, 2) x and t of every landmark except the jaw's, which are zero."""
    right, left = (_symmetric_plan(identity, expression, side) for side in (0, 1))
    plan = (right + left) / 2
    plan[_RIGHT_HALF] = right[_RIGHT_HALF]
    mirrored = ibug_68.mirror_order[_RIGHT_HALF]
    plan[mirrored] = left[mirrored]
    return plan


def jaw_places(chin: float) -> NDArray[np.float64]:
    """(17, 2) theta and t of the jaw line of a frontal face.

    It runs from the ear down the cheek to the corner of the jaw, then along the ring of the jaw to the chin.
    """
    theta = np.radians([84, 84, 83, 81, 74, 61, 44, 23, 0])
    t = chin * np.array([0.03, 0.24, 0.45, 0.66, 0.85, 0.94, 0.98, 0.995, 1.0])
    right = np.stack([-theta, t], axis=1)
    return np.concatenate([right, right[-2::-1] * [-1, 1]])
