"""What the landmark network finds at one place of a frame."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from device.contract.codec import HALF_SCORE_ERROR
from device.contract.geometry import Box, CropTransform, Image, crop_around_face
from device.contract.metrics import eye_centres
from device.finders.finder import FoundFace
from device.inference.protocols import Network
from device.tracking.crop import draw_crop
from device.tracking.motion import Shape
from device.tracking.stopwatch import Stopwatch

OUTSIDE_ERROR = 0.055
"""Error of a landmark outside the frame beyond what its score means, eye distances. On 50 validation faces of
300-W, cut by each edge at 15, 30 and 45 %, it was 0.04 to 0.06 for all three models, at every score from 0.2
on and every distance from the edge."""


@dataclass(frozen=True, eq=False)
class Observation:
    """The network's result for one crop, in pixels of the frame."""

    score: float
    """Presence, 0 to 1."""
    landmarks_frame: NDArray[np.float64]
    """(K, 2) pixels of the frame."""
    landmark_scores: NDArray[np.float32]
    """(K,) 0 to 1; lower for landmarks outside the frame."""

    box: Box = field(init=False)
    """The tight box of the landmarks."""
    size: float = field(init=False)
    """Longest side of the box, pixels; at least one, so that it may divide."""
    shape: Shape = field(init=False)
    """The landmarks about their mean, which is steadier than the box's centre."""

    def __post_init__(self) -> None:
        # All three are wanted of every face that is followed.
        box = Box.around(self.landmarks_frame)
        vars(self).update(box=box, size=max(box.longest_side, 1.0), shape=Shape.of(self.landmarks_frame))


class Observer:
    """Runs the network on crops of one frame."""

    def __init__(self, network: Network, image: Image, watch: Stopwatch) -> None:
        self._network, self._image, self._watch = network, image, watch
        self._crop_rule, self._scheme = network.manifest.crop, network.manifest.landmark_scheme

    def side_by_side(self, most: int) -> "list[Observer]":
        """Observers of this frame for as many threads, this one first: at least it, at most so many."""
        others = self._network.side_by_side(most)[1:]
        return [self, *(Observer(network, self._image, self._watch.beside()) for network in others)]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Pixels of the frame."""
        return self._image.shape[1], self._image.shape[0]

    def run_on_box(self, found: FoundFace, turn_radians: float = 0.0) -> Observation:
        """The face in a finder's box, cropped at the finder's roll plus `turn_radians`."""
        rule, angle = self._crop_rule, found.angle_radians + turn_radians
        return self._run(CropTransform.for_box(found.box, rule.margin, rule.size_wh, angle))

    def run_on_landmarks(
        self, landmarks_frame: NDArray[np.float64], turn_radians: float = 0.0
    ) -> Observation:
        """The face whose landmarks (K, 2) are expected there, cropped upright but for `turn_radians`."""
        rule, eyes = self._crop_rule, eye_centres(landmarks_frame, self._scheme)
        return self._run(crop_around_face(landmarks_frame, eyes, rule.margin, rule.size_wh, turn_radians))

    def _run(self, transform: CropTransform) -> Observation:
        """One pass of the network over one crop."""
        self._watch.begin()

        def draw(pixels: Image) -> None:
            draw_crop(self._image, transform, pixels)
            self._watch.end("crop")

        self._network.infer_drawn(draw)
        self._watch.end("infer")
        decoded = self._network.decode()
        landmarks_frame = transform.crop_to_frame(decoded.landmarks_crop)
        observation = Observation(decoded.presence, landmarks_frame, decoded.landmark_scores)
        if not is_inside(observation.box, self.size_wh):
            scores = lowered_outside(decoded.landmark_scores, landmarks_frame, self.size_wh)
            observation = replace(observation, landmark_scores=scores)
        self._watch.end("decode")
        return observation


def is_inside(box: Box, size_wh: tuple[int, int]) -> bool:
    """Whether no part of a box lies outside a frame of this size."""
    width, height = size_wh
    return min(box) >= -0.5 and box.x_max <= width - 0.5 and box.y_max <= height - 0.5


def lowered_outside(
    landmark_scores: NDArray[np.float32], landmarks_frame: NDArray[np.float64], size_wh: tuple[int, int]
) -> NDArray[np.float32]:
    """(K,) scores, lower for landmarks (K, 2) outside the frame by the further error that is expected there.

    A score means an expected error of HALF_SCORE_ERROR (1 / score - 1).
    """
    width, height = size_wh
    outside = ((landmarks_frame < -0.5) | (landmarks_frame > (width - 0.5, height - 0.5))).any(axis=1)
    lowered = landmark_scores / (1 + landmark_scores * np.float32(OUTSIDE_ERROR / HALF_SCORE_ERROR))
    return np.where(outside, lowered, landmark_scores)
