"""A finder's run small enough for a test: bright squares on dark ground, a network of a few channels."""

import numpy as np

from training.finder.pictures import FACE, NONE, SLOTS, PicturePack
from training.finder.settings import finder_run_from_values
from training.finder.validation import PictureSet

WIDTH, HEIGHT, SIDE = 96, 64, 128


def tiny_run(**optimiser):
    """Settings of the run."""
    return finder_run_from_values(
        {
            "name": "tiny",
            "task": "finder",
            "model": {
                "input_wh": [WIDTH, HEIGHT],
                "arguments": {
                    "stem": 8,
                    "widths": [8, 16, 16, 16],
                    "inner": [8, 8, 8, 8],
                    "depths": [0, 1, 0, 1],
                    "decoder": [16, 16],
                },
            },
            "optimiser": {"images": 48, "batch": 4, **optimiser},
            "compose": {"usual_sizes": [0.3, 0.7], "any_sizes": [0.3, 0.8], "barred": 0.0},
        },
        "test",
    )


def draw_square(rng, low, side):
    """A dark grained picture with one bright square, (SIDE, SIDE, 3)."""
    image = rng.integers(20, 60, (SIDE, SIDE, 3), dtype=np.uint8)
    image[low[1] : low[1] + side, low[0] : low[0] + side] = rng.integers(200, 256, 3)
    return image


def tiny_pack(count=8):
    """Pictures whose labelled face is the square."""
    rng = np.random.default_rng(0)
    faces = np.zeros((count, SLOTS, 68, 2), np.float32)
    kinds = np.full((count, SLOTS), NONE)
    kinds[:, 0] = FACE
    images = []
    for number in range(count):
        low, side = rng.integers(20, 50, 2), int(rng.integers(30, 50))
        images.append(draw_square(rng, low, side))
        shape = np.random.default_rng(1).uniform(0, 1, (68, 2))
        shape[0], shape[1] = (0, 0), (1, 1)
        faces[number, 0] = low + shape * (side - 1)
    return PicturePack(
        images=np.stack(images),
        sizes_wh=np.full((count, 2), SIDE),
        faces=faces,
        kinds=kinds,
        sources=["tiny"] * count,
        grounds=rng.integers(20, 60, (4, 64, 64, 3), dtype=np.uint8),
    )


def tiny_pictures(count=12):
    """Held-out inputs with their boxes, every fourth without a face."""
    rng = np.random.default_rng(9)
    inputs, boxes, sources = [], [], []
    for number in range(count):
        low, side = rng.integers(8, 24, 2), int(rng.integers(20, 36))
        faceless = number % 4 == 3
        picture = draw_square(rng, low, 0 if faceless else side)[:HEIGHT, :WIDTH]
        inputs.append(picture)
        corners = [[*low, *(low + side - 1)]]
        boxes.append(np.array([] if faceless else corners, np.float32).reshape(-1, 4))
        sources.append("ground" if faceless else "tiny")
    return PictureSet(np.stack(inputs), boxes, sources)
