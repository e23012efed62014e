"""Drawn pictures without a face, used to count false alarms and never trained on.

They follow other rules than training.data.synthetic.background, whose pictures are trained on: noise of every
grain, gratings, checks, writing, rings, skin-coloured blobs.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
WORDS = ("landmark", "0123456789", "Finder", "THE QUICK BROWN FOX", "oOo", ":-| (-:", "8-O", "%@&#")


def _colours(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    return rng.uniform(0, 255, (count, 3)).astype(np.float32)


def _noise(rng: np.random.Generator, width: int, height: int) -> Image:
    """Coloured noise with a grain between a pixel and a quarter of the picture."""
    cells = int(np.exp(rng.uniform(np.log(4), np.log(height))))
    coarse = rng.uniform(0, 255, (cells, cells * width // height, 3)).astype(np.float32)
    method = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_NEAREST
    return np.clip(cv2.resize(coarse, (width, height), interpolation=method), 0, 255).astype(np.uint8)


def _grating(rng: np.random.Generator, width: int, height: int) -> Image:
    """A wave between two colours: straight, crossed with another, or in rings."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    angle, period = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(4), np.log(width / 2)))
    kind = int(rng.integers(3))
    phase = x * np.cos(angle) + y * np.sin(angle)
    if kind == 2:
        phase = np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height))
    wave = np.sin(2 * np.pi * phase / period)
    if kind == 1:
        wave = wave * np.sin(2 * np.pi * (y * np.cos(angle) - x * np.sin(angle)) / period)
    first, second = _colours(rng, 2)
    share = (wave[:, :, None] + 1) / 2
    return (first * share + second * (1 - share)).astype(np.uint8)


def _writing(rng: np.random.Generator, width: int, height: int) -> Image:
    """Lines of words of one size on plain paper."""
    paper, ink = _colours(rng, 2)
    image = np.full((height, width, 3), paper, np.uint8)
    size = rng.uniform(0.4, 3.0)
    for line in range(1, int(height / (30 * size)) + 2):
        words = " ".join(rng.choice(WORDS, 4).tolist())
        place = int(rng.uniform(-60, 20)), int(line * 30 * size)
        cv2.putText(image, words, place, int(rng.integers(8)), size, ink.tolist(), int(size) + 1, cv2.LINE_AA)
    return image


def _blobs(rng: np.random.Generator, width: int, height: int) -> Image:
    """Soft ellipses, many of them skin-coloured, like hands and arms out of focus."""
    image = np.full((height, width, 3), _colours(rng, 1)[0], np.uint8)
    for _ in range(int(rng.integers(2, 20))):
        tone = rng.uniform(0.3, 1.0)
        skin = np.array([130, 160, 210]) * tone + rng.normal(0, 12, 3)
        colour = skin if rng.random() < 0.6 else _colours(rng, 1)[0]
        centre = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        axes = int(rng.uniform(4, width / 4)), int(rng.uniform(4, height / 3))
        cv2.ellipse(image, centre, axes, rng.uniform(0, 180), 0, 360, np.clip(colour, 0, 255).tolist(), -1)
    blur = float(rng.uniform(0.5, 8))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.uint8)


def _sketch(rng: np.random.Generator, width: int, height: int) -> Image:
    """Walls, a floor and boxes in rough perspective, with sensor noise."""
    image = np.full((height, width, 3), _colours(rng, 1)[0], np.uint8)
    horizon = int(rng.uniform(0.3, 0.8) * height)
    image[horizon:] = _colours(rng, 1)[0]
    for _ in range(int(rng.integers(3, 15))):
        x, y = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        wide, high = (int(rng.uniform(0.03, 0.4) * side) for side in (width, height))
        cv2.rectangle(image, (x, y), (x + wide, y + high), _colours(rng, 1)[0].tolist(), -1)
        if rng.random() < 0.5:
            cv2.rectangle(image, (x, y), (x + wide, y + high), _colours(rng, 1)[0].tolist(), 2)
    return np.clip(image + rng.normal(0, rng.uniform(0, 15), image.shape), 0, 255).astype(np.uint8)


MAKERS: tuple[Callable[[np.random.Generator, int, int], Image], ...] = (
    _noise,
    _grating,
    _writing,
    _blobs,
    _sketch,
)


def make_textures(count: int, width: int = 320, height: int = 240) -> list[Image]:
    """`count` pictures (height, width, 3) BGR, by each kind in turn, with a seed of its own."""
    return [
        MAKERS[number % len(MAKERS)](np.random.default_rng([7, number]), width, height)
        for number in range(count)
    ]
