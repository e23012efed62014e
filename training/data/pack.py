"""Packs: the faces of a training set, cut from their pictures once and small enough to stay in memory.

A pack holds, for each face, an upright square of `context` face sizes at `side` pixels, and pieces of the
same pictures without a labelled face. Augmentation cuts the network's crops from it on the tensor device.
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.arrays import read_arrays
from device.contract.files import write_whole
from device.contract.geometry import Box, CropTransform
from device.tracking.crop import crop_image
from training.data.sets.picture import container_of, read_face_picture, read_picture
from training.data.sets.sample import Sample

__all__ = ["FacePack", "cut_background", "cut_face", "load_pack", "read_picture"]

Work = TypeVar("Work")
Result = TypeVar("Result")

JPEG_QUALITY = 92
MAX_BACKGROUNDS = 4000
"""Kept in memory: one crop in sixteen shows ground, and each takes a quarter of a megabyte at 288 pixels."""
FORMAT = 3
"""Part of the cache key; raise it when the way of cutting changes."""


@dataclass(frozen=True, eq=False)
class FacePack:
    """Labelled faces, and backgrounds without one, ready for augmentation."""

    images: NDArray[np.uint8]
    """(N, side, side, 3) BGR."""
    landmarks: NDArray[np.float32]
    """(N, K, 2) pixels of the pack's image."""
    names: list[str]
    """N sample names."""
    sources: list[str]
    """N names of the sets that the faces come from."""
    backgrounds: NDArray[np.uint8]
    """(M, side, side, 3) BGR, without a labelled face."""
    context: float
    """Side of the square over the longest side of the landmarks' box."""

    @property
    def side(self) -> int:
        """Pixels of each image."""
        return int(self.images.shape[1])

    def joined(self, other: "FacePack") -> "FacePack":
        """These faces followed by those of another pack with the same side and context."""
        return FacePack(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.landmarks, other.landmarks]),
            self.names + other.names,
            self.sources + other.sources,
            np.concatenate([self.backgrounds, other.backgrounds]),
            self.context,
        )


@dataclass(frozen=True, eq=False)
class PackedFace:
    """One face as stored in a pack's file."""

    jpeg: bytes
    landmarks: NDArray[np.float32]
    """(K, 2) pixels of the picture."""
    name: str
    """Name of the sample."""
    source: str
    """Name of the set that it comes from."""


def cut_face(sample: Sample, context: float, side: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """(side, side, 3) picture around a face, and its (K, 2) landmarks there."""
    transform = CropTransform.for_box(sample.box, context, (side, side))
    crop = crop_image(read_face_picture(sample), transform)
    return crop, transform.frame_to_crop(sample.landmarks).astype(np.float32)


def seeded_by(name: str) -> np.random.Generator:
    """A generator that depends on the name alone, not on the order or the number of workers."""
    return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()[:8]))


def map_in_processes(
    function: Callable[[Work], Result], work: Sequence[Work], description: str, workers: int
) -> list[Result]:
    """Map a function over the work in several processes, in order, with a progress bar."""
    with ProcessPoolExecutor(workers) as pool:
        results = pool.map(function, work, chunksize=16)
        return list(tqdm(results, total=len(work), desc=description, unit="face", file=sys.stderr))


def cut_background(sample: Sample, others: Sequence[Box], side: int) -> NDArray[np.uint8] | None:
    """(side, side, 3) square of the picture that no labelled face touches; None if there is no room.

    Args:
        others: boxes of all labelled faces of the picture.
        side: pixels.

    Raises:
        BadInputError: the picture cannot be read.
    """
    image = read_picture(sample.path)
    rng = seeded_by(sample.name)
    height, width = image.shape[:2]
    for _ in range(20):
        length = rng.uniform(0.4, 1.2) * sample.box.longest_side
        if length >= min(height, width):
            continue
        x, y = (float(rng.uniform(length / 2, extent - length / 2)) for extent in (width, height))
        square = Box.centred((x, y), (length, length))
        if all(square.iou(box.scaled(1.2)) == 0.0 for box in others):
            return crop_image(image, CropTransform.from_roi((x, y), length, (side, side)))
    return None


def _cut(work: tuple[Sample, Sequence[Box]], context: float, side: int) -> tuple[PackedFace, bytes | None]:
    sample, boxes = work
    crop, landmarks = cut_face(sample, context, side)
    background = cut_background(sample, boxes, side)
    face = PackedFace(as_jpeg(crop), landmarks, sample.name, sample.source)
    return face, None if background is None else as_jpeg(background)


def as_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, 3) BGR as packs store it."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


def _decode_some(blob: NDArray[np.uint8], ends: NDArray[np.int64], side: int, most: int) -> NDArray[np.uint8]:
    """(N, side, side, 3) pictures, spread evenly over all where there are more than `most`."""
    chosen = np.linspace(0, len(ends) - 1, min(len(ends), most)).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    pictures = np.empty((len(chosen), side, side, 3), np.uint8)
    for picture, number in zip(pictures, chosen, strict=True):
        picture[:] = cv2.imdecode(blob[starts[number] : ends[number]], cv2.IMREAD_COLOR)
    return pictures


def _boxes_by_picture(samples: Sequence[Sample]) -> dict[str, list[Box]]:
    """Boxes of all labelled faces of each picture, by its path."""
    boxes: dict[str, list[Box]] = {}
    for sample in samples:
        boxes.setdefault(str(sample.path), []).append(sample.box)
    return boxes


def pack_key(samples: Sequence[Sample], settings: str) -> str:
    """Cache key of these samples, their labels and the settings that they are packed with."""
    digest = hashlib.sha256(settings.encode())
    for sample in samples:
        digest.update(f"{sample.name} {container_of(sample.path).stat().st_size}".encode())
        digest.update(sample.landmarks.tobytes())
    return digest.hexdigest()[:16]


def write_faces(path: Path, rows: Sequence[PackedFace], grounds: Sequence[bytes] = ()) -> None:
    """Write cut faces, and JPEGs of backgrounds without one, to a file.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """

    def fill(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.savez(
                stream,
                faces=np.frombuffer(b"".join(row.jpeg for row in rows), np.uint8),
                face_ends=np.cumsum([len(row.jpeg) for row in rows], dtype=np.int64),
                grounds=np.frombuffer(b"".join(grounds), np.uint8),
                ground_ends=np.cumsum([len(ground) for ground in grounds], dtype=np.int64),
                landmarks=np.array([row.landmarks for row in rows], np.float32),
                names=np.array([row.name for row in rows], np.str_),
                sources=np.array([row.source for row in rows], np.str_),
            )

    write_whole(path, fill)


PACK_ARRAYS = ("faces", "face_ends", "grounds", "ground_ends", "landmarks", "names", "sources")
"""Arrays of a pack's file."""


def read_faces(path: Path, context: float, side: int) -> FacePack:
    """Read a file of `write_faces`.

    Raises:
        BadInputError: it is damaged.
    """
    stored = read_arrays(path, *PACK_ARRAYS, remedy="remove it: the next run packs the faces again")
    faces, face_ends, grounds, ground_ends, landmarks, names, sources = stored
    return FacePack(
        images=_decode_some(faces, face_ends, side, len(face_ends)),
        landmarks=landmarks,
        names=[str(name) for name in names],
        sources=[str(source) for source in sources],
        backgrounds=_decode_some(grounds, ground_ends, side, MAX_BACKGROUNDS),
        context=context,
    )


def _write_pack(samples: Sequence[Sample], context: float, side: int, path: Path, workers: int) -> None:
    boxes = _boxes_by_picture(samples)
    work = [(sample, boxes[str(sample.path)]) for sample in samples]
    rows = map_in_processes(partial(_cut, context=context, side=side), work, "packing faces", workers)
    write_faces(
        path, [face for face, _ in rows], [background for _, background in rows if background is not None]
    )


def load_pack(
    samples: Sequence[Sample], context: float, side: int, cache: Path, workers: int = 2
) -> FacePack:
    """The pack of these faces, from `cache` or cut now.

    Raises:
        BadInputError: a picture cannot be read.
        WriteFailedError: the cache cannot be written.
    """
    path = cache / f"faces-{pack_key(samples, f'{FORMAT} {context} {side}')}.npz"
    if not path.is_file():
        _write_pack(samples, context, side, path, workers)
    return read_faces(path, context, side)
