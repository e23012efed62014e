"""One face through time: where it was, how it moves, where it should be now."""

from collections import deque
from dataclasses import dataclass
from typing import Self

import numpy as np

from device.tracking.motion import (
    CROP_GAINS,
    REST,
    Change,
    Shape,
    ahead,
    change_between,
    changed,
    next_rate,
    steady_velocity,
)
from device.tracking.observation import Sight

SUSPECT_SECONDS = 0.3
"""Before a face was last seen: what hid it had begun to pull its landmarks by then."""

MEMORY_SECONDS = 0.6
"""How far back places are remembered: the time under suspicion, and as long again to tell a velocity."""


@dataclass(frozen=True, eq=False)
class TrackedFace(Sight):
    """One face in one frame."""

    id: int
    """The same from frame to frame while the face is followed; never used again."""

    @classmethod
    def of(cls, sight: Sight, number: int) -> Self:
        """A sight under an id."""
        face = cls(sight.score, sight.landmarks_frame, sight.landmark_scores, number)
        # What was worked out of the sight holds for the face.
        vars(face).update(vars(sight), id=number)
        return face


class Track:
    """A face that is followed, or was until a moment ago."""

    def __init__(self, face: TrackedFace, seconds: float) -> None:
        """A face seen now."""
        self._begin(face, seconds)

    def _begin(self, face: TrackedFace, seconds: float) -> None:
        """A face at rest: nothing says yet how it moves."""
        self._see(face, seconds)
        self._rate = self._behind = REST
        self._aim: Shape | None = None
        # Sights and their instants with no other face near, for when later ones cannot be trusted.
        self._clear: deque[tuple[float, Sight]] = deque([(seconds, face)])

    def _see(self, face: TrackedFace, seconds: float) -> None:
        self.face, self.seen, self._seen_seconds = face, True, seconds
        self._predicted: tuple[float, Shape] | None = None

    @property
    def id(self) -> int:
        """The face's id."""
        return self.face.id

    def unseen_seconds(self, seconds: float) -> float:
        """Time since the face was last seen."""
        return seconds - self._seen_seconds

    def predict(self, seconds: float) -> Shape:
        """Where the landmarks should be now, from where they were last seen."""
        # Asked for twice a frame: for the crop, and to learn from what was then seen.
        if self._predicted is None or self._predicted[0] != seconds:
            change = self._behind + ahead(self._rate, self.unseen_seconds(seconds))
            self._predicted = seconds, changed(self.face.shape, change)
        return self._predicted[1]

    def aim(self, seconds: float) -> Shape:
        """Where to look now: where the landmarks should be or, near it, where one looked last.

        A crop that follows the noise of the last landmarks adds to the noise of the next.
        """
        expected = self.predict(seconds)
        if self._aim is None or not change_between(self._aim, expected).is_held(self.face.size):
            self._aim = expected
        return self._aim

    def coast(self, seconds: float) -> Shape:
        """Where the landmarks should be now, from where they were before any doubt."""
        trusted = [place for place in self._clear if place[0] <= self._seen_seconds - SUSPECT_SECONDS]
        places = trusted or [self._clear[0]]
        instants = np.array([instant for instant, _ in places])
        velocity = steady_velocity(instants, np.array([sight.shape.middle for _, sight in places]))
        last, sight = places[-1]
        return changed(sight.shape, ahead(Change(velocity), seconds - last))

    def see(self, sight: Sight, seconds: float, *, clearly: bool) -> None:
        """The face again; only what is seen clearly, no other face near, says how it moves."""
        wrong = change_between(self.predict(seconds), sight.shape)
        # Of the move nothing is left to make good, of the turn a half.
        self._behind = wrong.part(*(gain - 1 for gain in CROP_GAINS))
        if clearly:
            self._rate = next_rate(self._rate, wrong, self.unseen_seconds(seconds))
            self._clear.append((seconds, sight))
        while len(self._clear) > 1 and seconds - self._clear[0][0] > MEMORY_SECONDS:
            self._clear.popleft()
        self._see(TrackedFace.of(sight, self.id), seconds)

    def lose(self) -> None:
        """The face is not in this frame; it may come back."""
        self.seen = False

    def come_back(self, sight: Sight, seconds: float) -> None:
        """The face is seen again after it was not: how it moved before is over."""
        self._begin(TrackedFace.of(sight, self.id), seconds)
