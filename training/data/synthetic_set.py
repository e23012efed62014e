"""A training set of drawn faces, for a first result without any data."""

import hashlib
import os
from pathlib import Path

import numpy as np

from device.contract.arrays import read_arrays
from device.contract.files import write_whole
from device.contract.geometry import Box, CropTransform, jitter_box
from device.tracking.crop import crop_image
from training.data.crops import SEED, CropSet
from training.data.pack import FacePack
from training.data.settings import DataSettings
from training.data.synthetic import background, draw_faces

CONTEXT = 2.0
"""Side of a drawn picture, in face sizes."""
HELD_OUT = 200
"""Number of validation faces."""


def _draw(count: int, seed: int, side: int, cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """(N, side, side, 3) pictures and (N, 68, 2) landmarks, from the cache or drawn and put there."""
    import training.data.synthetic

    sources = sorted(Path(training.data.synthetic.__file__).parent.rglob("*.py"))
    drawn_by = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    path = cache / f"drawn-{count}-{seed}-{side}-{drawn_by}.npz"
    if not path.is_file():
        images, landmarks = draw_faces(count, seed, side, workers=os.cpu_count())

        def fill(temporary: Path) -> None:
            with temporary.open("wb") as stream:
                np.savez(stream, images=images, landmarks=landmarks)

        write_whole(path, fill)
    images, landmarks = read_arrays(
        path, "images", "landmarks", remedy="remove it: the next run draws the faces again"
    )
    return images, landmarks


def _jittered_crops(images: np.ndarray, landmarks: np.ndarray, margin: float, side: int) -> CropSet:
    rng = np.random.default_rng(SEED)
    transforms = [
        CropTransform.for_box(jitter_box(Box.around(face), rng), margin, (side, side)) for face in landmarks
    ]
    return CropSet(
        np.stack([crop_image(image, transform) for image, transform in zip(images, transforms, strict=True)]),
        np.stack(
            [transform.frame_to_crop(face) for face, transform in zip(landmarks, transforms, strict=True)]
        ).astype(np.float32),
        [f"synthetic/{number}" for number in range(len(images))],
        ["synthetic"] * len(images),
    )


def make_synthetic_set(
    settings: DataSettings, margin: float, crop_side: int, cache: Path
) -> tuple[FacePack, CropSet]:
    """Drawn faces to train on, and validation crops of others with another seed."""
    images, landmarks = _draw(settings.faces, settings.seed, settings.side, cache)
    unseen, unseen_landmarks = _draw(HELD_OUT, settings.seed + 1_000_000, settings.side, cache)
    backgrounds = np.stack(synthetic_grounds(max(settings.faces // 10, 1), settings.side, settings.seed))
    names = [f"synthetic/{settings.seed}/{number}" for number in range(len(images))]
    pack = FacePack(images, landmarks, names, ["synthetic"] * len(images), backgrounds, CONTEXT)
    return pack, _jittered_crops(unseen, unseen_landmarks, margin, crop_side)


def synthetic_crops(
    settings: DataSettings, margin: float, crop_side: int, cache: Path, count: int
) -> tuple[CropSet, CropSet]:
    """Jittered crops of the first `count` training faces, and those of validation."""
    images, landmarks = _draw(settings.faces, settings.seed, settings.side, cache)
    unseen = _draw(HELD_OUT, settings.seed + 1_000_000, settings.side, cache)
    return (
        _jittered_crops(images[:count], landmarks[:count], margin, crop_side),
        _jittered_crops(*unseen, margin, crop_side),
    )


def synthetic_grounds(count: int, side: int, seed: int) -> list[np.ndarray]:
    """Drawn backgrounds without a face, (side, side, 3) each."""
    rng = np.random.default_rng(seed)
    return [background(rng, side) for _ in range(count)]
