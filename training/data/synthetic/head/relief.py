"""Relief of nose, brows, eye sockets, cheeks, lips and chin: bumps and hollows on the front of the skull."""

import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.head.features import UPPER_LIP_FRACTION
from training.data.synthetic.traits import Expression, Identity


def _bumps(identity: Identity, expression: Expression) -> NDArray[np.float64]:
    """(B, 5) rows x, t, radius along x, radius along t, height; a bump at x > 0 is mirrored."""
    gap = expression.mouth_gap
    up, down = UPPER_LIP_FRACTION * gap, (1 - UPPER_LIP_FRACTION) * gap
    mouth, chin = identity.mouth, identity.chin + expression.chin_drop
    cheek = identity.cheek + 0.25 * max(sum(expression.smile) / 2, 0.0)
    return np.array(
        [
            [identity.eye_x - 0.2, -0.1, 1.7, 1.3, -0.95],
            [identity.eye_x, 0.1, 1.15, 0.9, 0.4],
            [identity.eye_x - 0.2, -identity.brow_height - 0.1, 2.2, 0.8, 0.4],
            [4.9, 2.9, 1.6, 1.5, cheek],
            [3.2, 6.2, 1.4, 2.2, -0.25],
            [0.76 * identity.nose_half_width, identity.nose_tip + 0.3, 0.55, 0.6, 0.85],
            [0.0, mouth - 0.45 - up, 2.0, 0.55, 0.4],
            [0.0, mouth + 0.6 + down, 1.8, 0.6, 0.45],
            [0.0, mouth + 1.7 + down, 1.6, 0.5, -0.3],
            [0.0, mouth + (down - up) / 2, 1.5, 0.25 + 0.45 * gap, -0.2 - 0.35 * gap],
            [0.0, chin - 1.2, 1.5, 1.0, 0.35],
        ]
    )


def _nose(identity: Identity, x: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    tip, base, push = identity.nose_tip, identity.nose_base, identity.nose_push
    ridge = np.interp(
        t,
        [-1.8, -0.4, tip - 1.0, tip - 0.1, tip + 0.3, base + 0.25],
        [0.0, 0.4, 0.8 * push, push, 0.9 * push, 0.0],
    )
    width = np.interp(t, [-1.0, 1.5, tip, base], [0.8, 0.8, 1.05, 1.25])
    return ridge * np.exp(-(np.abs(x / width) ** 2.2))


def relief(
    identity: Identity, expression: Expression, x: NDArray[np.float64], t: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Height towards the camera, centimetres, at positions x and t of equal shape."""
    pushed = _nose(identity, x, t)
    for centre_x, centre_t, radius_x, radius_t, height in _bumps(identity, expression):
        below = ((t - centre_t) / radius_t) ** 2
        # The absolute value makes one term serve a bump and its mirror image.
        beside = ((np.abs(x) - centre_x) / radius_x) ** 2
        pushed += height * np.exp(-beside - below)
    return pushed
