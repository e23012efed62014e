"""Painting of bare skin: its colour, redder and darker in places, and its folds."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.head.head import Head
from training.data.synthetic.looks import Looks
from training.data.synthetic.noise import smooth_noise
from training.data.synthetic.paint.canvas import RADIUS, Canvas
from training.data.synthetic.paint.outlines import Outlines

COARSE = 4
"""Pixels of the canvas per cell of the gain map."""

_DARKER = np.array([-1.0, -0.95, -0.8])
"""BGR change of a shadow on skin, which loses blue most."""
_REDDER = np.array([-1.0, -1.0, 0.35])


def _spots(head: Head, looks: Looks) -> list[tuple[float, float, float, float, NDArray[np.float64]]]:
    """x, t, radius along x, radius along t, and added gain of spots; a spot at x > 0 is mirrored."""
    person, plan = head.identity, head.plan
    lower_lip = plan[57, 1]
    fold = 0.6 + looks.wrinkles
    return [
        (1.5, -0.3, 0.8, 1.0, 0.2 * _DARKER),
        (person.eye_x, -0.75, 1.6, 0.5, 0.12 * _DARKER + looks.eye_shadow),
        (person.eye_x - 0.3, 1.0, 1.2, 0.5, 0.1 * fold * _DARKER),
        (4.2, 3.6, 1.9, 1.6, looks.blush * _REDDER),
        (0.0, person.nose_tip, 1.0, 0.8, 0.7 * looks.blush * _REDDER),
        (0.0, person.nose_base - 0.05, 1.3, 0.28, 0.25 * _DARKER),
        (1.1 * person.nose_half_width, person.nose_tip + 0.4, 0.35, 0.8, 0.12 * _DARKER),
        (0.0, lower_lip + 0.45, 1.3, 0.35, 0.16 * _DARKER),
        (abs(plan[54, 0]) + 0.3, plan[54, 1], 0.5, 0.6, 0.1 * fold * _DARKER),
        (6.8, 0.0, 1.2, 3.0, 0.06 * _DARKER),
    ]


def _gain_map(head: Head, canvas: Canvas, looks: Looks, rng: np.random.Generator) -> NDArray[np.float64]:
    """(h, w, 3) gains at coarse resolution; every spot is a product of two Gaussians."""
    theta, t = canvas.places(COARSE)
    spots = _spots(head, looks)
    centre_theta = head.skull.wrap(np.array([spot[:2] for spot in spots]))[:, 0]
    _, centre_t, radius_x, radius_t, gain = (np.array(column) for column in zip(*spots, strict=True))
    across = np.exp(-(((np.abs(theta) - centre_theta[:, None]) * RADIUS / radius_x[:, None]) ** 2))
    down = np.exp(-(((t - centre_t[:, None]) / radius_t[:, None]) ** 2))
    # One matrix product adds all spots: (rows, spots) by (spots, columns * colours).
    added = (down.T @ (across[..., None] * gain[:, None]).reshape(len(spots), -1)).reshape(len(t), -1, 3)
    gains = 1 + added + 0.06 * smooth_noise(rng, (len(t), len(theta)), (9, 12), 3)
    # Little light reaches the skin under the jaw.
    gains *= 1 - 0.3 * np.clip((t - head.chin) / 0.8, 0, 1)[:, None, None]
    return gains


def paint_skin(head: Head, canvas: Canvas, looks: Looks, rng: np.random.Generator) -> None:
    """Paint the whole canvas with skin."""
    coloured = np.clip(_gain_map(head, canvas, looks, rng) * looks.skin, 0, 255).astype(np.uint8)
    height, width = canvas.image.shape[:2]
    # The coarse map extends beyond the edges by less than a cell.
    grown = cv2.resize(coloured, None, fx=COARSE, fy=COARSE, interpolation=cv2.INTER_LINEAR)
    canvas.image[:] = grown[:height, :width]


def paint_folds(canvas: Canvas, outlines: Outlines, looks: Looks) -> None:
    """Paint the creases of lids, cheeks and nose, faint on smooth faces, and the nostrils."""
    for line, strength, width in (
        (outlines.right_crease, 0.25, 0.1),
        (outlines.left_crease, 0.25, 0.1),
        (outlines.right_bag, 0.14 * looks.wrinkles, 0.12),
        (outlines.left_bag, 0.14 * looks.wrinkles, 0.12),
        (outlines.right_fold, 0.06 + 0.2 * looks.wrinkles, 0.15),
        (outlines.left_fold, 0.06 + 0.2 * looks.wrinkles, 0.15),
        (outlines.right_wing, 0.22, 0.12),
        (outlines.left_wing, 0.22, 0.12),
    ):
        canvas.stroke(line, looks.skin * (1 + strength * _DARKER), width)
    for nostril in (outlines.right_nostril, outlines.left_nostril):
        canvas.fill(nostril, looks.skin * [0.22, 0.22, 0.3])
