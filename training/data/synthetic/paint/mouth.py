"""Painting of lips and of the inside of the mouth; the edges of the lips run through their landmarks."""

import cv2
import numpy as np

from training.data.synthetic.looks import Looks
from training.data.synthetic.paint.canvas import BITS, Canvas
from training.data.synthetic.paint.outlines import Line, Outlines

MIN_GAP = 0.08
"""Gap between the lips, centimetres, above which the inside is visible."""
_CAVITY = np.array([26.0, 16.0, 48.0])
_TEETH = np.array([196.0, 214.0, 222.0])
_TONGUE = np.array([92.0, 84.0, 168.0])


def _ring(upper: Line, lower: Line) -> Line:
    """The closed outline of two lines that share their ends."""
    return np.concatenate([upper, lower[1:-1]])


def paint_lips(canvas: Canvas, outlines: Outlines, looks: Looks) -> None:
    """Paint both lips, the upper one darker and the lower one with a highlight."""
    outer = _ring(outlines.outer_upper_lip, outlines.outer_lower_lip)
    patch = canvas.patch(outer, pad=0.2)
    patch.blend(looks.lips, patch.mask(outer) * np.float32(looks.lip_cover))
    upper = np.concatenate([outlines.outer_upper_lip, outlines.inner_upper_lip[::-1]])
    patch.blend(looks.lips * 0.72, patch.mask(upper) * np.float32(0.75 * looks.lip_cover))
    highlight = 0.5 * (outlines.outer_lower_lip[6:-6] + outlines.inner_lower_lip)[6:-6]
    canvas.stroke(highlight, np.minimum(looks.lips * 1.12 + 8, 255), 0.2)


def paint_inside(
    canvas: Canvas, outlines: Outlines, looks: Looks, gap: float, rng: np.random.Generator
) -> None:
    """Paint the line between closed lips, or cavity, teeth and tongue between open ones."""
    dark = looks.lips * [0.3, 0.3, 0.38]
    corners = outlines.outer_upper_lip[[0, -1]]
    if gap > MIN_GAP:
        _paint_cavity(canvas, outlines, gap, rng)
    line = np.concatenate([corners[:1], outlines.inner_upper_lip, corners[1:]])
    canvas.stroke(line, dark, 0.1)


def _paint_cavity(canvas: Canvas, outlines: Outlines, gap: float, rng: np.random.Generator) -> None:
    ring = _ring(outlines.inner_upper_lip, outlines.inner_lower_lip)
    patch = canvas.patch(ring, pad=0.1)
    inside = np.empty_like(patch.image)
    inside[:] = _CAVITY * rng.uniform(0.7, 1.3)
    tooth = min(rng.uniform(0.3, 0.8), 0.9 * gap) * canvas.density
    upper, lower = outlines.inner_upper_lip, outlines.inner_lower_lip
    if gap > 0.9:
        centre = patch.fixed(lower[len(lower) // 2] - [0, 0.1 * gap * canvas.density]).tolist()
        half = int(np.ptp(upper[:, 0]) * 0.3 * (1 << BITS))
        axes = (half, round(0.32 * gap * canvas.density * (1 << BITS)))
        cv2.ellipse(inside, centre, axes, 0, 0, 360, _TONGUE.tolist(), -1, cv2.LINE_AA, BITS)
    brightness = rng.uniform(0.6, 1.0)
    if rng.random() < 0.8:
        band = np.concatenate([upper, upper[::-1] + np.array([0, tooth])])
        cv2.fillPoly(inside, [patch.fixed(band)], (_TEETH * brightness).tolist(), cv2.LINE_AA, BITS)
    if rng.random() < 0.3:
        band = np.concatenate([lower, lower[::-1] - [0, 0.6 * tooth]])
        cv2.fillPoly(inside, [patch.fixed(band)], (0.85 * _TEETH * brightness).tolist(), cv2.LINE_AA, BITS)
    patch.blend(inside, patch.mask(ring))
