"""Hair and beard: where they grow, how thick they are, and their painting."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.curves import smooth_step
from training.data.synthetic.head.head import Head
from training.data.synthetic.looks import Beard, Hair, Looks
from training.data.synthetic.noise import smooth_noise, speckle
from training.data.synthetic.paint.canvas import SIDE_THETA, TOP, Canvas, fixed

NO_HAIRLINE = -13.0
"""Coordinate t of a hairline above every crown: no hair."""


def hairline(looks: Looks, theta: NDArray[np.floating]) -> NDArray[np.float64]:
    """Coordinate t down to which hair grows, at theta of any shape."""
    front = looks.hairline
    lines: dict[Hair, tuple[list[float], list[float]]] = {
        Hair.BALD: ([0.0], [NO_HAIRLINE]),
        Hair.WREATH: ([0.8, 1.15, 1.3, 1.5, 1.8], [NO_HAIRLINE, -4.0, -0.5, 0.0, 8.5]),
        Hair.SHORT: (
            [0, 0.6, 0.9, 1.1, 1.3, 1.42, 1.5, 1.8],
            [front, front + 0.5, -5, -2.5, 0.5, 1.5, 0, 8.5],
        ),
        Hair.FRINGE: ([0, 0.7, 0.95, 1.25, 1.4, 1.8], [front, front, front + 0.8, 1.0, 2.5, 8.5]),
        Hair.LONG: ([0, 0.6, 0.95, 1.15, 1.3, 1.5], [front, front + 0.6, -4.5, 0, 5.5, 14.0]),
        Hair.CAP: ([0, 1.0, 1.5, 1.9], [front, front + 0.4, -2.5, 1.0]),
    }
    theta_knots, t_knots = lines[looks.hair_style]
    grown = np.interp(np.abs(theta), theta_knots, t_knots)
    return np.where(np.abs(theta) < 1.1, grown + looks.parting * theta, grown)


def hair_swell(looks: Looks, theta: NDArray[np.floating], t: NDArray[np.floating]) -> NDArray[np.float64]:
    """Thickness of the hair over the skin, centimetres."""
    inside = hairline(looks, theta) - t
    swell = looks.hair_swell * smooth_step(inside, 0.0, 1.6)
    if looks.ears_covered:
        return swell
    # Short hair lies flat beside and behind the ears.
    return swell * (0.15 + 0.85 * smooth_step(-t, -2.0, 5.0))


def paint_hair(canvas: Canvas, looks: Looks, rng: np.random.Generator) -> None:
    """Paint strands of hair, or the cloth of a cap, above the hairline."""
    if looks.hair_style is Hair.BALD:
        return
    theta = np.linspace(-SIDE_THETA, SIDE_THETA, 90)
    ragged = 0.0 if looks.hair_style is Hair.CAP else rng.uniform(0.1, 0.45)
    line = np.stack([theta, hairline(looks, theta) + ragged * rng.normal(0, 1, 90)], axis=1)
    ends = np.array([[SIDE_THETA, TOP], [-SIDE_THETA, TOP]])
    outline = canvas.pixels(np.concatenate([line, ends]))
    height, width = int(outline[:, 1].max()) + 1, canvas.image.shape[1]
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [fixed(outline)], (255,), cv2.LINE_8, 4)
    cells = (6, 8) if looks.hair_style is Hair.CAP else (4, width // 4)
    strands = 1 + rng.uniform(0.1, 0.35) * smooth_noise(rng, (height // 2, width // 2), cells)
    tinted = np.clip(strands[..., None] * looks.hair.astype(np.float32), 0, 255).astype(np.uint8)
    tinted = cv2.resize(tinted, (width, height), interpolation=cv2.INTER_LINEAR)
    cv2.copyTo(tinted, mask, canvas.image[:height])


def _beard_density(
    head: Head, looks: Looks, theta: NDArray[np.float64], t: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(h, w) density of the beard, 0 to 1, at columns `theta` and rows `t`."""
    theta, t = np.abs(theta)[None, :], t[:, None]
    base, mouth = head.identity.nose_base, head.plan[48, 1]
    corner = float(head.skull.wrap(head.plan[54:55])[0, 0])
    moustache = (
        smooth_step(t, base, base + 0.5)
        * (1 - smooth_step(t, mouth + 0.2, mouth + 0.9))
        * (1 - smooth_step(theta, corner, corner + 0.15))
    )
    goatee = smooth_step(t, mouth - 0.3, mouth + 0.6) * (1 - smooth_step(theta, corner + 0.05, corner + 0.2))
    # The edge of a full beard on the cheek rises from the mouth to the ear.
    cheek = mouth + 0.4 - 5.5 * smooth_step(theta, corner + 0.1, 1.35)
    full = smooth_step(t, cheek - 0.3, cheek + 0.9) * smooth_step(theta, corner - 0.1, corner + 0.15)
    if looks.beard is Beard.MOUSTACHE:
        return moustache
    if looks.beard is Beard.GOATEE:
        return np.maximum(moustache, goatee)
    return np.maximum(np.maximum(moustache, goatee), full)


def paint_beard(head: Head, canvas: Canvas, looks: Looks, rng: np.random.Generator) -> None:
    """Paint stubble or a beard. Call it before the lips are painted, which lie over it."""
    if looks.beard is Beard.NONE:
        return
    first = canvas.pixels(np.array([0.0, head.identity.nose_base - 3.0]))[1]
    lower = canvas.image[int(first) :]
    theta, t = canvas.places(4)
    rows = int(first) // 4
    density = _beard_density(head, looks, theta, t[rows:]).astype(np.float32)
    grown = cv2.resize(density, None, fx=4, fy=4)[int(first) - 4 * rows :][: lower.shape[0], : lower.shape[1]]
    thickness = 0.35 if looks.beard is Beard.STUBBLE else rng.uniform(0.7, 0.95)
    hairs = (1.0 - 0.45 / 255 * speckle(rng, grown.shape).astype(np.float32)) * np.float32(thickness)
    alpha = (grown * hairs)[..., None]
    colour = np.minimum(looks.hair, looks.skin * 0.8).astype(np.float32)
    lower[:] = lower + (colour - lower) * alpha
