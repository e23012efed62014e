"""Someone who sits for the bench: a photograph before a camera that moves as told, with a sensor's noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.geometry import Box, CropTransform, Image
from device.contract.metrics import interocular_distance
from device.finders.finder import Finder, FoundFace
from device.inference.protocols import Network
from device.sources.demo_picture import demo_face
from device.sources.images import EXTENSIONS
from device.tracking.crop import crop_image
from device.tracking.tracker import Tracker

SIZE_WH = 640, 480
"""Pixels of a frame."""

EYE_DISTANCE_PX = 150.0
"""Between the outer eye corners in the frame: a face that fills more than half of its height."""

NOISE_SIGMA = 6.0
"""Of 255: a cheap sensor in a room at night. New in every pixel, channel and frame."""


@dataclass(frozen=True, eq=False)
class Sitter:
    """A photograph with one face."""

    name: str
    """For people."""
    photo: Image
    """(H, W, 3) uint8 BGR."""
    box: Box
    """Tight box of the face's landmarks, pixels of the photograph."""
    eye_distance_px: float
    """Between the outer eye corners, pixels of the photograph."""

    def placed(self, offset: float) -> tuple[Image, Box]:
        """The frame with the face so many eye distances right of its middle, and its box there."""
        scale = EYE_DISTANCE_PX / self.eye_distance_px
        middle = np.array(SIZE_WH) / 2 + [offset * EYE_DISTANCE_PX, 0]
        shift = middle - scale * np.array(self.box.centre_xy)
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        frame = cv2.warpAffine(self.photo, matrix, SIZE_WH, borderMode=cv2.BORDER_REPLICATE)
        size = scale * self.box.width, scale * self.box.height
        return np.asarray(frame, np.uint8), Box.centred((float(middle[0]), float(middle[1])), size)


class KnownFinder:
    """Knows where the face is: what is measured is what follows it."""

    def __init__(self) -> None:
        """No face yet."""
        self.box: Box | None = None

    def find(self, image: Image) -> list[FoundFace]:
        """The face, if there is one."""
        del image
        return [] if self.box is None else [FoundFace(self.box, 1.0)]


def make_sitter(name: str, photo: Image, network: Network, finder: Finder) -> Sitter | None:
    """The first face that is found in a photograph; None without any."""
    faces = Tracker(network, finder).track(photo).faces
    if not faces:
        return None
    landmarks = faces[0].landmarks_frame
    eyes = interocular_distance(landmarks, network.manifest.landmark_scheme)
    return Sitter(name, photo, faces[0].box, eyes) if eyes > 0 else None


def demo_sitters(network: Network, finder: Finder) -> list[Sitter]:
    """The face of the demo, as it is and mirrored.

    Raises:
        MissingOutsideError: the picture is damaged.
    """
    photo = demo_face()
    pictures = {"demo": photo, "demo, mirrored": np.ascontiguousarray(photo[:, ::-1])}
    made = [make_sitter(name, picture, network, finder) for name, picture in pictures.items()]
    return [sitter for sitter in made if sitter is not None]


def folder_sitters(folder: Path, network: Network, finder: Finder) -> list[Sitter]:
    """The first face of every picture in a folder, those with none left out.

    Raises:
        BadInputError: no such folder, or no face in it.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in EXTENSIONS)
    sitters = []
    for path in paths:
        photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
        made = None if photo is None else make_sitter(path.name, np.asarray(photo, np.uint8), network, finder)
        sitters += [made] if made is not None else []
    if not sitters:
        raise BadInputError(f"no face in {len(paths)} pictures of {folder}; give a folder of portraits")
    return sitters


def noisy_frames(sitter: Sitter, path: NDArray[np.float64]) -> Iterator[tuple[Image, Box]]:
    """Frames of a sitter along a path (T,) of offsets in eye distances, each with noise of its own."""
    cv2.setRNGSeed(0)
    width, height = SIZE_WH
    noise = np.empty((height, width, 3), np.int16)
    shown: float | None = None
    for offset in path:
        if offset != shown:
            shown, (clean, box) = float(offset), sitter.placed(float(offset))
        # One sigma a channel: a single number would be the blue channel's alone.
        cv2.randn(noise, np.zeros(3), np.full(3, NOISE_SIGMA))
        yield np.asarray(cv2.add(clean, noise, dtype=cv2.CV_8U), np.uint8), box


def look_still(sitter: Sitter, path: NDArray[np.float64], network: Network) -> NDArray[np.float64]:
    """(T, 68, 2) landmarks of one crop for all frames, eye distances: the network's own noise."""
    rule, sights = network.manifest.crop, []
    for frame, box in noisy_frames(sitter, path):
        crop = CropTransform.for_box(box, rule.margin, rule.size_wh)
        network.infer(crop_image(frame, crop))
        sights.append(crop.crop_to_frame(network.decode().landmarks_crop))
    return np.array(sights) / EYE_DISTANCE_PX


def follow(
    sitter: Sitter, path: NDArray[np.float64], network: Network, fps: float
) -> NDArray[np.float64] | None:
    """(T, 68, 2) unfiltered landmarks along a path, eye distances; None where the face was lost."""
    finder = KnownFinder()
    tracker = Tracker(network, finder)
    sights = []
    for number, (frame, box) in enumerate(noisy_frames(sitter, path)):
        finder.box = box
        faces = tracker.track(frame, round(number * 1e9 / fps)).faces
        if not faces:
            return None
        sights.append(faces[0].landmarks_frame)
    return np.array(sights) / EYE_DISTANCE_PX
