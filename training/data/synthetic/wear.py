"""Objects drawn flat behind or in front of the head: long hair, clothes and glasses."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.camera import Camera
from training.data.synthetic.curves import smooth_line
from training.data.synthetic.head.bodies import neck_top
from training.data.synthetic.head.head import Head
from training.data.synthetic.looks import Colour, Glasses
from training.data.synthetic.noise import speckle
from training.data.synthetic.paint.canvas import BITS, fixed
from training.data.synthetic.scene import Scene


def _fill_speckled(
    image: NDArray[np.uint8],
    outline: NDArray[np.floating],
    colour: Colour,
    grain: float,
    rng: np.random.Generator,
) -> None:
    """Fill an outline of (N, 2) pixels with a colour that varies by `grain` grey levels, in place."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [fixed(outline)], (255,), cv2.LINE_8, BITS)
    coarse = (image.shape[0] // 3 + 1, image.shape[1] // 3 + 1)
    noise = (speckle(rng, coarse).astype(np.float32)[..., None] / 127.5 - 1) * np.float32(grain)
    cloth = np.clip(colour.astype(np.float32) + noise, 0, 255).astype(np.uint8)
    cv2.copyTo(cv2.resize(cloth, image.shape[1::-1]), mask, image)


def draw_back_hair(image: NDArray[np.uint8], scene: Scene, rng: np.random.Generator) -> None:
    """Draw long hair behind head and neck, in place."""
    head, looks = scene.head, scene.looks
    wide = head.identity.half_width + looks.hair_swell + rng.uniform(0.2, 2.0)
    long = rng.uniform(9, 19)
    right = np.array([[-0.75, -8], [-1.0, -3], [-1.05, 4], [-1.1, 0.7 * long], [-0.95, long]])
    half = np.stack([right[:, 0] * wide, right[:, 1], np.full(5, -3.0)], axis=1)
    outline = np.concatenate([half, half[::-1] * [-1, 1, 1]])
    closed = scene.camera.project(smooth_line(np.concatenate([outline, outline[:1]])))
    _fill_speckled(image, closed[:, :2], looks.hair * (0.75 * scene.flat_gain), 14, rng)


def draw_clothes(image: NDArray[np.uint8], scene: Scene, rng: np.random.Generator) -> None:
    """Draw clothed shoulders below the neck, in place."""
    top = neck_top(scene.head, scene.camera)[:2]
    slope = rng.uniform(1.5, 4.0)
    right = np.array([[-4.5, 6.4], [-7.5, 8.0], [-14, 9.0 + slope], [-19, 11.5 + 2 * slope], [-21, 40]])
    outline = np.concatenate([right, right[::-1] * [-1, 1]]) * scene.camera.scale + top
    _fill_speckled(
        image, outline, np.clip(scene.looks.clothes, 5, 245) * scene.flat_gain, rng.uniform(2, 25), rng
    )


def _rims(head: Head, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Right and left rim, closed lines of (N, 3) centimetres in head axes, from round to nearly square."""
    person = head.identity
    angle = np.linspace(0, 2 * np.pi, 33)
    power = rng.uniform(0.55, 1.0)
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    down = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    wide, high = rng.uniform(2.2, 2.7), rng.uniform(1.4, 2.3)
    x = -(person.eye_x + 0.15) + wide * across
    y = 0.15 * high + high * down
    bridge = float(head.surface(np.zeros(1), np.array([0.2]))[0, 2])
    right = np.stack([x, y, bridge + 0.35 - 0.045 * x * x], axis=1)
    return [right, right * [-1, 1, 1]]


def _lines(head: Head, camera: Camera, rims: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Lines (N, 3) in head axes of the bridge and of the arms that the head does not hide."""
    nearest = [rim[np.argmin(np.abs(rim[:, 0]))] for rim in rims]
    midpoint = (nearest[0] + nearest[1]) / 2 + [0, -0.35, 0.15]
    lines = [smooth_line(np.stack([nearest[0], midpoint, nearest[1]]))]
    for sign, rim in zip((-1, 1), rims, strict=True):
        if camera.rotation[2, 0] * sign > -0.1:
            outermost = rim[np.argmax(np.abs(rim[:, 0]))]
            ear = np.array([sign * (head.identity.half_width + 0.3), -0.3, -0.5])
            lines.append(np.stack([outermost, ear]))
    return lines


def draw_glasses(image: NDArray[np.uint8], scene: Scene, rng: np.random.Generator) -> None:
    """Draw lenses, rims, bridge and arms, in place."""
    head, camera, looks = scene.head, scene.camera, scene.looks
    if looks.glasses is Glasses.NONE:
        return
    rims = _rims(head, rng)
    colour = (looks.rim * scene.flat_gain).tolist()
    lenses = [fixed(camera.project(rim)[:, :2]) for rim in rims]
    tint = 0.06 if looks.glasses is Glasses.CLEAR else rng.uniform(0.6, 0.92)
    tinted = image.copy()
    lens = (230, 225, 220) if looks.glasses is Glasses.CLEAR else colour
    cv2.fillPoly(tinted, lenses, lens, cv2.LINE_AA, BITS)
    cv2.addWeighted(tinted, tint, image, 1 - tint, 0, dst=image)
    width = max(1, round(rng.uniform(0.08, 0.4) * camera.scale))
    drawn = lenses + [fixed(camera.project(line)[:, :2]) for line in _lines(head, camera, rims)]
    cv2.polylines(image, drawn, False, colour, width, cv2.LINE_AA, BITS)
