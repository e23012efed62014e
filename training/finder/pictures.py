"""Whole pictures, shrunk and packed once, with every face in them: labelled, found by YuNet, or doubtful.

Every face is stored as landmarks, so that its box is right after the picture has been rotated. A face that
only YuNet has found gets the mean shape of the labelled faces, stretched over its box, with YuNet's own five
points for eyes, nose and mouth. Letters: N pictures, Q slots for faces in each, K landmarks.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.arrays import read_arrays
from device.contract.errors import BadInputError
from device.contract.files import sha256_of, write_whole
from device.contract.geometry import Box, CropTransform
from device.contract.landmarks import LandmarkScheme
from device.tracking.crop import crop_image
from training.data.pack import read_picture
from training.data.sets.sample import Sample
from training.finder.settings import FinderDataSettings
from training.finder.yunet import Detections, Detector, NoDetector, YuNet

NONE, FACE, DOUBTFUL = 0, 1, 2
"""What a slot for a face holds."""
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&@%")
SLOTS = 8
"""Q. Of more faces the best would be kept; the pictures here hold fewer."""
MIN_SCORE = 0.15
"""Score of YuNet below which there is no face. Background must be free of everything above it."""
SURE_SCORE = 0.8
"""Score of YuNet from which its face is learnt. Below, it counts neither as a face nor as background."""
SAME_FACE_IOU = 0.35
"""IoU with a labelled face above which YuNet has found that face."""
MADE_SETS = frozenset({"rendered", "drawn"})
"""Sets whose pictures hold one face each, because this project made them."""
GROUNDS_PER_PICTURE = 3
"""Pieces of background that are tried to be cut from each picture."""
JPEG_QUALITY = 92
FORMAT = 3
"""Part of the cache key. Raise it when the packing changes."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and its labelled faces."""

    path: Path
    source: str
    """Data set that it comes from."""
    landmarks: tuple[NDArray[np.float32], ...]
    """(K, 2) of each labelled face, pixels of the picture."""


@dataclass(frozen=True, eq=False)
class PicturePack:
    """Pictures, their faces, and pieces of background without a face."""

    images: NDArray[np.uint8]
    """(N, side, side, 3) BGR, each in the top left corner."""
    sizes_wh: NDArray[np.int64]
    """(N, 2) width and height that each covers, pixels."""
    faces: NDArray[np.float32]
    """(N, Q, K, 2) landmarks, pixels of `images`."""
    kinds: NDArray[np.int64]
    """(N, Q) NONE, FACE or DOUBTFUL."""
    sources: list[str]
    """N names of data sets."""
    grounds: NDArray[np.uint8]
    """(M, ground_side, ground_side, 3) BGR without a face."""


def group_pictures(samples: Sequence[Sample]) -> list[Picture]:
    """Labelled faces by picture, in the order of the samples."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(str(sample.path), []).append(sample)
    return [
        Picture(same[0].path, same[0].source, tuple(sample.landmarks for sample in same))
        for same in groups.values()
    ]


@dataclass(frozen=True, eq=False)
class MeanFace:
    """The shape given to a face of which only the box and five points are known."""

    shape: NDArray[np.float32]
    """(K, 2) in units of its box, which it touches on all sides."""
    scheme: LandmarkScheme
    """What the points are."""


def mean_face(samples: Sequence[Sample], scheme: LandmarkScheme) -> MeanFace:
    """The mean of the labelled faces, each in units of its box."""
    shapes = [
        (sample.landmarks - sample.landmarks.min(0)) / np.ptp(sample.landmarks, axis=0) for sample in samples
    ]
    mean = np.mean(shapes, axis=0)
    return MeanFace(np.asarray((mean - mean.min(0)) / np.ptp(mean, axis=0), np.float32), scheme)


def estimated_landmarks(found: Detections, mean: MeanFace) -> NDArray[np.float32]:
    """(N, K, 2) landmarks of YuNet's faces: the mean shape in each box, moved to YuNet's five points."""
    scheme = mean.scheme
    low, high = found.boxes[:, None, :2], found.boxes[:, None, 2:]
    landmarks = low + mean.shape[None] * (high - low)
    for ring, eye in zip(scheme.eye_rings, (0, 1), strict=True):
        contour = landmarks[:, list(ring)]
        landmarks[:, list(ring)] = contour + (found.points[:, [eye]] - contour.mean(1, keepdims=True))
    landmarks[:, scheme.nose_tip] = found.points[:, 2]
    landmarks[:, list(scheme.mouth_corners)] = found.points[:, 3:]
    # The five points must not push the tight box beyond YuNet's box.
    return np.clip(landmarks, low, high).astype(np.float32)


def gather_faces(
    picture: Picture, found: Detections, mean: MeanFace
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(Q, K, 2) landmarks and (Q,) kinds: the labelled faces, then those that only YuNet has found."""
    faces = list(picture.landmarks)
    kinds = [FACE] * len(faces)
    known = [Box.around(landmarks) for landmarks in faces]
    estimated = estimated_landmarks(found, mean)
    for landmarks, box, score in zip(estimated, found.boxes, found.scores, strict=True):
        if all(Box(*map(float, box)).iou(other) < SAME_FACE_IOU for other in known):
            faces.append(landmarks)
            kinds.append(FACE if score >= SURE_SCORE else DOUBTFUL)
    padded = np.zeros((SLOTS, mean.scheme.count, 2), np.float32)
    count = min(len(faces), SLOTS)
    if count:
        padded[:count] = np.stack(faces[:count])
    return padded, np.array((kinds + [NONE] * SLOTS)[:SLOTS], np.int64)


def cut_ground(
    image: NDArray[np.uint8], avoided: Sequence[Box], side: int, seed: int
) -> NDArray[np.uint8] | None:
    """A square that touches none of the boxes, resampled to `side` pixels; None where there is no room."""
    rng = np.random.default_rng(seed)
    height, width = image.shape[:2]
    for _ in range(60):
        length = rng.uniform(0.2, 0.9) * min(height, width)
        x, y = (float(rng.uniform(length / 2, extent - length / 2)) for extent in (width, height))
        square = Box.centred((x, y), (length, length))
        if length >= 32 and all(square.iou(box) == 0.0 for box in avoided):
            return crop_image(image, CropTransform.from_roi((x, y), length, (side, side)))
    return None


def boxes_to_avoid(picture: Picture, found: Detections) -> list[Box]:
    """What background must not touch: labelled faces with hair and neck, and everything YuNet suspects."""
    labelled = [Box.around(landmarks).scaled(1.5) for landmarks in picture.landmarks]
    raw = [Box(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h in found.raw]
    return labelled + [box.scaled(1.2) for box in raw]


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


def _shrink(image: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture with its longest side at most `side`, and (2,) the scale factors of x and y."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size_wh = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA) if scale < 1 else image
    return np.asarray(small, np.uint8), np.array([size_wh[0] / width, size_wh[1] / height])


def _write_pack(
    pictures: Sequence[Picture],
    mean: MeanFace,
    settings: FinderDataSettings,
    teacher: Path | None,
    path: Path,
) -> None:
    nothing = NoDetector()
    detector: Detector = nothing if teacher is None else YuNet(teacher, MIN_SCORE)
    shown, grounds, sizes, faces, kinds = [], [], [], [], []
    for picture in tqdm(pictures, desc="packing pictures", unit="picture", file=sys.stderr):
        image = read_picture(picture.path)
        found = (nothing if picture.source in MADE_SETS else detector).detect(image)
        small, factors = _shrink(image, settings.side)
        landmarks, kind = gather_faces(picture, found, mean)
        shown.append(_jpeg(small))
        sizes.append(small.shape[1::-1])
        faces.append((landmarks + 0.5) * factors - 0.5)
        kinds.append(kind)
        if teacher is None and picture.source not in MADE_SETS:
            continue
        avoided = boxes_to_avoid(picture, found)
        # Seeded by the name, so that the order of the pictures does not matter.
        name = picture.path.name.encode()
        seeds = np.frombuffer(hashlib.sha256(name).digest()[: 4 * GROUNDS_PER_PICTURE], np.uint32).tolist()
        cuts = (cut_ground(image, avoided, settings.ground_side, seed) for seed in seeds)
        grounds += [_jpeg(cut) for cut in cuts if cut is not None]

    def fill(beside: Path) -> None:
        with beside.open("wb") as stream:
            np.savez(
                stream,
                pictures=np.frombuffer(b"".join(shown), np.uint8),
                picture_ends=np.cumsum([len(data) for data in shown]),
                grounds=np.frombuffer(b"".join(grounds), np.uint8),
                ground_ends=np.cumsum([len(data) for data in grounds], dtype=np.int64),
                sizes_wh=np.array(sizes, np.int64),
                faces=np.stack(faces).astype(np.float32),
                kinds=np.stack(kinds),
                sources=np.array([picture.source for picture in pictures]),
            )

    write_whole(path, fill)


def _key(pictures: Sequence[Picture], settings: FinderDataSettings, teacher: Path | None) -> str:
    digest = hashlib.sha256(f"{FORMAT} {settings.side} {settings.ground_side}".encode())
    digest.update((sha256_of(teacher) if teacher else "no teacher").encode())
    for picture in pictures:
        digest.update(f"{picture.source} {picture.path.name} {picture.path.stat().st_size}".encode())
        for landmarks in picture.landmarks:
            digest.update(landmarks.tobytes())
    return digest.hexdigest()[:16]


def _decode(blob: NDArray[np.uint8], ends: NDArray[np.int64], side: int) -> NDArray[np.uint8]:
    """(N, side, side, 3): each picture in the top left corner."""
    images = np.zeros((len(ends), side, side, 3), np.uint8)
    for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        picture = cv2.imdecode(blob[start:end], cv2.IMREAD_COLOR)
        images[index, : picture.shape[0], : picture.shape[1]] = picture
    return images


def draw_ground(number: int, side: int) -> NDArray[np.uint8]:
    """(side, side, 3) a background drawn by training.data.synthetic; every third has letters on it."""
    from training.data.synthetic import background

    rng = np.random.default_rng([1, number])
    ground = np.ascontiguousarray(background(rng, side))
    if number % 3 == 0:
        for _ in range(int(rng.integers(1, 25))):
            letters = "".join(rng.choice(LETTERS, int(rng.integers(1, 8))).tolist())
            place = int(rng.uniform(-0.2, 1) * side), int(rng.uniform(0, 1.1) * side)
            size, colour = float(rng.uniform(0.3, 2.5)), rng.integers(0, 256, 3).tolist()
            font, thickness = int(rng.integers(8)), int(rng.integers(1, 2 + round(2 * size)))
            cv2.putText(ground, letters, place, font, size, colour, thickness, cv2.LINE_AA)
    return np.asarray(ground, np.uint8)


def make_grounds(count: int, side: int) -> NDArray[np.uint8]:
    """(count, side, side, 3) drawn backgrounds, each with a seed of its own."""
    drawn = [draw_ground(number, side) for number in range(count)]
    return np.stack(drawn).astype(np.uint8) if drawn else np.zeros((0, side, side, 3), np.uint8)


PACK_ARRAYS = (
    *("grounds", "ground_ends", "pictures", "picture_ends"),
    *("sizes_wh", "faces", "kinds", "sources"),
)
"""Of a pack's file."""


def load_pictures(
    pictures: Sequence[Picture],
    mean: MeanFace,
    settings: FinderDataSettings,
    teacher: Path | None,
    cache: Path,
) -> PicturePack:
    """The pack of these pictures, from `cache` or made now.

    Raises:
        BadInputError: a picture cannot be read, or there is none.
        MissingOutsideError: no YuNet model.
        WriteFailedError: the cache cannot be written.
    """
    if not pictures:
        raise BadInputError("no picture to train on; check --data")
    path = cache / f"pictures-{_key(pictures, settings, teacher)}.npz"
    if not path.is_file():
        _write_pack(pictures, mean, settings, teacher, path)
    grounds, ground_ends, images, image_ends, sizes_wh, faces, kinds, sources = read_arrays(
        path, *PACK_ARRAYS, remedy="remove it: the next run packs the pictures again"
    )
    cut = _decode(grounds, ground_ends, settings.ground_side)
    return PicturePack(
        images=_decode(images, image_ends, settings.side),
        sizes_wh=sizes_wh,
        faces=faces,
        kinds=kinds,
        sources=[str(source) for source in sources],
        grounds=np.concatenate([cut, make_grounds(settings.made_grounds, settings.ground_side)]),
    )
