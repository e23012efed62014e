"""Crops of faces out of a folder of pictures, as the device would cut them. Letters: N crops, K landmarks."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.geometry import Box, CropTransform
from device.contract.manifest import CropRule
from device.finders.trained import TrainedFinder
from device.sources.decode import decode_file
from device.support.native_stderr import without_lines
from device.tracking.crop import crop_image

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
DECODERS_NOTES = (b"Premature end of JPEG file", b"Corrupt JPEG data")
"""What OpenCV's decoder says of a damaged picture, without its name."""
BESIDE = ((-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0))
"""Where pieces without the face are cut: this many crop sides from it, in turn."""


@dataclass(frozen=True, eq=False)
class FaceCrops:
    """Crops of a face each, and pieces of the same pictures beside it."""

    crops: NDArray[np.uint8]
    """(N, H, W, 3)."""
    beside: NDArray[np.uint8]
    """(N, H, W, 3)."""
    landmarks_crop: NDArray[np.float32] | None
    """(N, K, 2) pixels of the crop, or None without labels."""


Face = tuple[NDArray[np.uint8], Box, NDArray[np.float64] | None]
"""A picture, the box of its face, and its (K, 2) landmarks if it is labelled."""


def picture_files(folder: Path) -> list[Path]:
    """Every picture below a folder, in the order of their names.

    Raises:
        BadInputError: no such folder, or no picture in it.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not found:
        raise BadInputError(f"no picture below {folder}: wanted a folder with {', '.join(ENDINGS)}")
    return found


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) BGR.

    Raises:
        BadInputError: not a picture.
    """
    try:
        with without_lines(*DECODERS_NOTES):
            return decode_file(path, exif=True)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}; remove or replace it") from error


def found_faces(paths: Sequence[Path]) -> Iterator[Face]:
    """The largest face of each picture in which the device's finder sees one.

    A picture that cannot be read is named on standard error and left out: of some hundred, one is not missed.
    """
    finder = TrainedFinder()
    for path in paths:
        try:
            image = read_picture(path)
        except BadInputError as error:
            print(f"note: left out: {error}", file=sys.stderr)
            continue
        boxes = [face.box for face in finder.find(image)]
        if boxes:
            yield image, max(boxes, key=lambda box: box.area), None


def read_pts(path: Path, count: int) -> NDArray[np.float64]:
    """(count, 2) pixels from 0 of a .pts file, whose first pixel is (1, 1).

    Raises:
        BadInputError: another format or number of points.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    numbers = text.partition("{")[2].partition("}")[0].split()
    try:
        points = np.array(numbers, np.float64).reshape(-1, 2) - 1
    except ValueError as error:
        raise BadInputError(
            f"{path} is no .pts file ({error}): wanted `x y` a line between braces"
        ) from error
    if len(points) != count or not np.isfinite(points).all():
        raise BadInputError(f"{path} holds {len(points)} points, wanted {count} finite ones")
    return points


def labelled_pictures(folder: Path) -> list[tuple[Path, Path]]:
    """Each picture with the .pts file beside it.

    Raises:
        BadInputError: none has one.
    """
    pairs = [(path, path.with_suffix(".pts")) for path in picture_files(folder)]
    found = [pair for pair in pairs if pair[1].is_file()]
    if not found:
        raise BadInputError(
            f"no picture below {folder} has a NAME.pts beside it: wanted labels as 300-W has them"
        )
    return found


def labelled_faces(pairs: Sequence[tuple[Path, Path]], count: int) -> Iterator[Face]:
    """Each labelled face, its box that of its landmarks."""
    for picture, label in pairs:
        landmarks = read_pts(label, count)
        yield read_picture(picture), Box.around(landmarks), landmarks


def cut(faces: Iterator[Face], rule: CropRule, what: str) -> FaceCrops:
    """Crop each face by the crop rule, and a piece beside it.

    Raises:
        BadInputError: no face.
    """
    crops, beside, landmarks_crop = [], [], []
    for number, (image, box, landmarks) in enumerate(faces):
        transform = CropTransform.for_box(box, rule.margin, rule.size_wh)
        crops.append(crop_image(image, transform))
        if landmarks is not None:
            landmarks_crop.append(transform.frame_to_crop(landmarks))
        (x, y), (right, down) = box.centre_xy, BESIDE[number % len(BESIDE)]
        side = box.longest_side * rule.margin
        elsewhere = Box.centred((x + right * side, y + down * side), (box.width, box.height))
        beside.append(crop_image(image, CropTransform.for_box(elsewhere, rule.margin, rule.size_wh)))
    if not crops:
        raise BadInputError(f"no face found in {what}: give pictures with a whole face each")
    labels = np.array(landmarks_crop, np.float32) if landmarks_crop else None
    return FaceCrops(np.stack(crops), np.stack(beside), labels)
