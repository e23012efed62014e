"""Faces at every roll: a finder and a network that know upright faces only, shown the frame turned.

Beyond 90 degrees of roll the network lays an upright face over the upside-down one, with a presence of up
to 1. The landmark scores reveal it: of crops of 300-W's validation faces at four rolls, a quarter turn apart,
the right one had the best `quality` in every case, at least 0.32 ahead.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from device.contract.geometry import Box, Image
from device.finders.finder import FoundFace
from device.tracking.observation import Observation

QUARTER_TURN = np.pi / 2

SURE_SCORE = 0.6
"""Mean landmark score above which no other roll is tried: upright faces have 0.69, and a face that was taken
for one of another roll had at most 0.56."""

CONTRADICTING_IOU = 0.1
"""Overlap above which two faces found in frames of different turns cannot both be right: beyond 90 degrees of
roll the finder's box lies over the mouth and what is below it, and covers the true one by a fifth."""

TurnedObservation = tuple[Observation, int]
"""What was found, and in the frame after how many quarter turns."""

_ROTATIONS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


def quality(observation: Observation) -> float:
    """How well the landmarks fit what is there: presence times mean landmark score."""
    return observation.score * float(observation.landmark_scores.mean())


def without_contradictions(candidates: list[TurnedObservation]) -> list[TurnedObservation]:
    """Candidates, best first, without those that overlap a better one of another turn."""
    kept: list[TurnedObservation] = []
    for observation, turns in sorted(candidates, key=lambda candidate: -quality(candidate[0])):
        rivals = (other.box for other, other_turns in kept if other_turns != turns)
        if all(observation.box.iou(box) <= CONTRADICTING_IOU for box in rivals):
            kept.append((observation, turns))
    return kept


def is_sure(observation: Observation) -> bool:
    """Whether the landmarks fit so well that no other roll needs to be tried."""
    return bool(observation.landmark_scores.mean() >= SURE_SCORE)


def best_turn(observation: Observation, run_turned: Callable[[float], Observation]) -> Observation:
    """The best of four observations a quarter turn apart; the first alone where that one is sure.

    Args:
        observation: of the roll that is thought to be right.
        run_turned: gives the observation of a crop turned by so many more radians.
    """
    if is_sure(observation):
        return observation
    others = (run_turned(turns * QUARTER_TURN) for turns in (1, 2, 3))
    return max((observation, *others), key=quality)


def turned_image(image: Image, turns: int) -> Image:
    """The picture after so many clockwise quarter turns."""
    return np.asarray(cv2.rotate(image, _ROTATIONS[turns]), np.uint8) if turns else image


def face_in_frame(face: FoundFace, turns: int, frame_wh: tuple[int, int]) -> FoundFace:
    """A face found in the turned picture, in pixels of the frame."""
    box = face.box
    for turn in range(turns, 0, -1):
        # One turn takes the pixel (x, y) to (last row - y, x); this undoes the last one.
        last_row = frame_wh[1 if turn % 2 else 0] - 1
        box = Box(box.y_min, last_row - box.x_max, box.y_max, last_row - box.x_min)
    return FoundFace(box, face.score, face.angle_radians - turns * QUARTER_TURN)


class SearchTurns:
    """Which turns of the frame a search tries: the one that last had a face first, the others in rotation.

    So a camera that hangs from the ceiling costs no more than one that stands, and an empty scene costs two
    runs of the finder a frame instead of four.
    """

    def __init__(self) -> None:
        self._usual = 0
        self._rotation = 0
        self._first = True

    def next(self) -> Iterator[int]:
        """The turns to try, in order, until faces are found: all of them in the first search."""
        others = [(self._usual + turns) % 4 for turns in (2, 1, 3)]
        yield self._usual
        if self._first:
            self._first = False
            yield from others
        else:
            self._rotation = (self._rotation + 1) % len(others)
            yield others[self._rotation]

    def found_at(self, turns: int) -> None:
        """Faces were found at this turn: the next search begins with it."""
        self._usual = turns
