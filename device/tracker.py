"""Faces from frame to frame: searched when none is followed, then followed by their own landmarks."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, CropTransform, crop_around_face
from device.contract.manifest import ModelManifest
from device.contract.metrics import eye_centres
from device.crop import Image, crop_image
from device.finder import Finder, FoundFace
from device.inference import Decoded
from device.stopwatch import Stopwatch


class Network(Protocol):
    """What the tracker needs of a landmark network."""

    manifest: ModelManifest

    def infer(self, crop: Image) -> None:
        """Run on a crop."""
        ...

    def decode(self) -> Decoded:
        """Read the result."""
        ...


@dataclass(frozen=True)
class TrackerSettings:
    """When a face begins and ends."""

    begin_score: float = 0.6
    """Presence at which a found face is followed."""
    end_score: float = 0.35
    """Presence below which a followed face is gone; lower than the beginning, or it would flicker."""
    max_faces: int = 4
    """Faces followed at once."""
    same_face_iou: float = 0.4
    """Overlap of two faces' boxes above which they are one face."""
    refinements: int = 2
    """Further passes on a newly found face, each cropped around the last one's landmarks: a finder's
    box is coarse, and the first message should already be right."""


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """One face in one frame."""

    id: int
    """The same from frame to frame while the face is followed; never used again."""
    score: float
    """Presence, 0 to 1."""
    landmarks_frame: NDArray[np.float64]
    """(K, 2) pixels of the frame."""
    landmark_scores: NDArray[np.float32]
    """(K,) 0 to 1."""

    @property
    def box(self) -> Box:
        """The tight box of the landmarks."""
        return Box.around(self.landmarks_frame)


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """What the tracker has to say of one frame."""

    faces: list[TrackedFace]
    """Faces followed, oldest first."""
    lost_ids: list[int]
    """Faces of the frame before that are gone."""
    timing_ms: dict[str, float]
    """find, crop, infer, decode and total, milliseconds."""


class Tracker:
    """Finder and landmark network, joined over time."""

    def __init__(self, network: Network, finder: Finder, settings: TrackerSettings | None = None) -> None:
        """Nothing is followed yet."""
        self._network = network
        self._finder = finder
        self._settings = settings or TrackerSettings()
        self._scheme = network.manifest.landmark_scheme
        self._crop_rule = network.manifest.crop
        self._faces: list[TrackedFace] = []
        self._next_id = 1

    def reset(self) -> None:
        """Forget everything, ids too: the next frame is unrelated."""
        self._faces, self._next_id = [], 1

    def track(self, image: Image) -> TrackedFrame:
        """Follow the faces at hand into this frame, or search it when there are none.

        Args:
            image: (H, W, 3) uint8 BGR.
        """
        watch = Stopwatch()
        before = [face.id for face in self._faces]
        faces: list[TrackedFace] = []
        for face in self._faces:
            seen = self._look(image, self._around(face.landmarks_frame), face.id, watch)
            if seen.score >= self._settings.end_score:
                self._keep(seen, faces)
        if not faces:
            self._search(image, faces, watch)
        self._faces = faces
        kept = {face.id for face in faces}
        return TrackedFrame(faces, [number for number in before if number not in kept], watch.milliseconds())

    def _around(self, landmarks_frame: NDArray[np.float64]) -> CropTransform:
        eyes = eye_centres(landmarks_frame, self._scheme)
        return crop_around_face(landmarks_frame, eyes, self._crop_rule.margin, self._crop_rule.size_wh)

    def _keep(self, face: TrackedFace, faces: list[TrackedFace]) -> bool:
        """Add a face unless it is one of those already there."""
        if any(face.box.iou(other.box) > self._settings.same_face_iou for other in faces):
            return False
        faces.append(face)
        return True

    def _search(self, image: Image, faces: list[TrackedFace], watch: Stopwatch) -> None:
        """Add the faces that the finder sees and the network confirms."""
        with watch.stage("find"):
            found = self._finder.find(image)
        for candidate in found[: self._settings.max_faces]:
            seen = self._confirm(image, candidate, watch)
            if seen.score >= self._settings.begin_score and self._keep(seen, faces):
                self._next_id += 1

    def _confirm(self, image: Image, candidate: FoundFace, watch: Stopwatch) -> TrackedFace:
        """Landmarks of a found face: from its box, then from the landmarks themselves."""
        transform = CropTransform.for_box(
            candidate.box, self._crop_rule.margin, self._crop_rule.size_wh, candidate.angle_radians
        )
        seen = self._look(image, transform, self._next_id, watch)
        for _ in range(self._settings.refinements):
            if seen.score < self._settings.end_score:
                break
            seen = self._look(image, self._around(seen.landmarks_frame), self._next_id, watch)
        return seen

    def _look(self, image: Image, transform: CropTransform, number: int, watch: Stopwatch) -> TrackedFace:
        """One pass of the network over one crop."""
        with watch.stage("crop"):
            crop = crop_image(image, transform)
        with watch.stage("infer"):
            self._network.infer(crop)
        with watch.stage("decode"):
            decoded = self._network.decode()
            landmarks_frame = transform.crop_to_frame(decoded.landmarks_crop)
        return TrackedFace(number, decoded.presence, landmarks_frame, decoded.landmark_scores)
