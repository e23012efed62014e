"""What the landmark network sees at one place of a frame."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, CropTransform, crop_around_face
from device.contract.image import Image
from device.contract.metrics import eye_centres
from device.finders.finder import FoundFace
from device.inference.protocols import Network
from device.tracking.crop import crop_image
from device.tracking.motion import Shape
from device.tracking.stopwatch import Stopwatch


@dataclass(frozen=True, eq=False)
class Sight:
    """What the network saw in one crop, in pixels of the frame."""

    score: float
    """Presence, 0 to 1."""
    landmarks_frame: NDArray[np.float64]
    """(K, 2) pixels of the frame."""
    landmark_scores: NDArray[np.float32]
    """(K,) 0 to 1."""

    @cached_property
    def box(self) -> Box:
        """The tight box of the landmarks."""
        return Box.around(self.landmarks_frame)

    @cached_property
    def size(self) -> float:
        """Longest side of the box, pixels; at least one, so that it may divide."""
        return max(self.box.longest_side, 1.0)

    @cached_property
    def shape(self) -> Shape:
        """The landmarks about their mean, which is steadier than the box's middle."""
        return Shape.of(self.landmarks_frame)


class Viewer:
    """Shows the network one frame, crop by crop."""

    def __init__(self, network: Network, image: Image, watch: Stopwatch) -> None:
        """Nothing is looked at yet.

        Args:
            network: with its manifest.
            image: (H, W, 3) uint8 BGR.
            watch: told how long each stage took.
        """
        self._network, self._image, self._watch = network, image, watch
        self._crop_rule, self._scheme = network.manifest.crop, network.manifest.landmark_scheme

    @property
    def size_wh(self) -> tuple[int, int]:
        """Pixels of the frame."""
        return self._image.shape[1], self._image.shape[0]

    def look_at(self, found: FoundFace) -> Sight:
        """The face in a finder's box."""
        rule = self._crop_rule
        return self._look(CropTransform.for_box(found.box, rule.margin, rule.size_wh, found.angle_radians))

    def look_around(self, landmarks_frame: NDArray[np.float64]) -> Sight:
        """The face whose landmarks (K, 2) are about there, cropped upright."""
        eyes = eye_centres(landmarks_frame, self._scheme)
        return self._look(
            crop_around_face(landmarks_frame, eyes, self._crop_rule.margin, self._crop_rule.size_wh)
        )

    def _look(self, transform: CropTransform) -> Sight:
        """One pass of the network over one crop."""
        self._watch.begin()
        crop = crop_image(self._image, transform)
        self._watch.end("crop")
        self._network.infer(crop)
        self._watch.end("infer")
        decoded = self._network.decode()
        landmarks_frame = transform.crop_to_frame(decoded.landmarks_crop)
        self._watch.end("decode")
        return Sight(decoded.presence, landmarks_frame, decoded.landmark_scores)
