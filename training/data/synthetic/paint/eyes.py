"""Painting of eyes and brows, whose lines run through their landmarks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.looks import Looks
from training.data.synthetic.noise import speckle
from training.data.synthetic.paint.canvas import BITS, Canvas, Patch
from training.data.synthetic.paint.outlines import Line, Outlines

IRIS = 0.59
"""Radius, centimetres."""
PUPIL = 0.24
"""Radius, centimetres."""
_SCLERA = np.array([218.0, 222.0, 228.0])
_LASH = np.array([18.0, 20.0, 26.0])


def _eyeball(patch: Patch, iris_at: Line, looks: Looks, density: float) -> NDArray[np.uint8]:
    """(h, w, 3) picture of an eyeball without lids: white, iris, pupil and glint."""
    ball = np.empty_like(patch.image)
    ball[:] = np.minimum(_SCLERA, 70 + 0.75 * looks.skin.mean())
    iris_centre = patch.fixed(iris_at)
    for radius, colour in ((IRIS, 0.45 * looks.iris), (0.86 * IRIS, looks.iris), (PUPIL, _LASH * 0.5)):
        centre, size = iris_centre.tolist(), round(radius * density * (1 << BITS))
        cv2.circle(ball, centre, size, colour.tolist(), -1, cv2.LINE_AA, BITS)
    glint = iris_centre + np.round(density * (1 << BITS) * np.array([-0.14, -0.16])).astype(np.int32)
    cv2.circle(
        ball, glint.tolist(), round(0.09 * density * (1 << BITS)), (250, 250, 250), -1, cv2.LINE_AA, BITS
    )
    return ball


def _paint_eye(canvas: Canvas, upper: Line, lower: Line, iris_at: Line, looks: Looks) -> None:
    outline = np.concatenate([upper, lower[1:-1]])
    patch = canvas.patch(outline, pad=0.2)
    ball = _eyeball(patch, iris_at, looks, canvas.density)
    # The upper lid casts a shadow on the eyeball.
    width = canvas.thickness(0.22)
    shadow = (looks.skin * 0.45).tolist()
    cv2.polylines(ball, [patch.fixed(upper)], False, shadow, width, cv2.LINE_AA, BITS)
    patch.blend(ball, patch.mask(outline))
    canvas.stroke(lower, looks.skin * [0.62, 0.6, 0.72], 0.08)
    canvas.stroke(upper, np.minimum(_LASH + 0.1 * looks.skin, looks.skin), looks.lash_width)


def paint_eyes(canvas: Canvas, outlines: Outlines, looks: Looks) -> None:
    """Paint both eyes within their lids."""
    right, left = outlines.irises
    _paint_eye(canvas, outlines.right_upper_lid, outlines.right_lower_lid, right, looks)
    _paint_eye(canvas, outlines.left_upper_lid, outlines.left_lower_lid, left, looks)


def _paint_brow(canvas: Canvas, line: Line, looks: Looks, rng: np.random.Generator) -> None:
    """Paint a blurred, ragged band around a line, outer end first."""
    thick = np.interp(np.linspace(0, 1, len(line)), [0, 0.3, 0.75, 1], [0.3, 0.8, 1.0, 0.85])
    half = (looks.brow_width * canvas.density * thick)[:, None] * [0, 1]
    patch = canvas.patch(line, pad=2 * looks.brow_width)
    mask = patch.mask(np.concatenate([line - half, (line + half)[::-1]]))
    mask = np.asarray(cv2.GaussianBlur(mask, (3, 3), 0), np.uint8)
    hairs = 0.55 + 0.4 / 255 * speckle(rng, mask.shape).astype(np.float32)
    patch.blend(looks.brow, mask * hairs)


def paint_brows(canvas: Canvas, outlines: Outlines, looks: Looks, rng: np.random.Generator) -> None:
    """Paint both brows."""
    _paint_brow(canvas, outlines.right_brow, looks, rng)
    _paint_brow(canvas, outlines.left_brow[::-1], looks, rng)
