"""One face through time: where it was, how it moves, where it should be now."""

from collections import deque
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device.motion import CROP_GAINS, ahead, change_between, changed, next_rate, steady_velocity
from device.sight import Sight

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
        return cls(sight.score, sight.landmarks_frame, sight.landmark_scores, number)


class Track:
    """A face that is followed, or was until a moment ago."""

    def __init__(self, face: TrackedFace, seconds: float) -> None:
        """A face seen now."""
        self._begin(face, seconds)

    def _begin(self, face: TrackedFace, seconds: float) -> None:
        """A face at rest: nothing says yet how it moves."""
        self.face, self.seen, self._seen_seconds = face, True, seconds
        self._rate, self._behind = np.zeros(4), np.zeros(4)
        self._predicted: tuple[float, NDArray[np.float64]] | None = None
        # Sights and their instants with no other face near, for when later ones cannot be trusted.
        self._clear: deque[tuple[float, Sight]] = deque([(seconds, face)])

    @property
    def id(self) -> int:
        """The face's id."""
        return self.face.id

    def unseen_seconds(self, seconds: float) -> float:
        """Time since the face was last seen."""
        return seconds - self._seen_seconds

    def predict(self, seconds: float) -> NDArray[np.float64]:
        """(K, 2) where the landmarks should be now, from where they were last seen."""
        # Asked for twice a frame: for the crop, and to learn from what was then seen.
        if self._predicted is None or self._predicted[0] != seconds:
            change = self._behind + ahead(self._rate, self.unseen_seconds(seconds))
            self._predicted = seconds, changed(self.face.landmarks_frame, change)
        return self._predicted[1]

    def coast(self, seconds: float) -> NDArray[np.float64]:
        """(K, 2) where the landmarks should be now, from where they were before any doubt."""
        trusted = [place for place in self._clear if place[0] <= self._seen_seconds - SUSPECT_SECONDS]
        places = trusted or [self._clear[0]]
        instants = np.array([instant for instant, _ in places])
        velocity = steady_velocity(instants, np.array([sight.middle for _, sight in places]))
        last, sight = places[-1]
        return sight.landmarks_frame + ahead(velocity, seconds - last)

    def see(self, sight: Sight, seconds: float, *, clearly: bool) -> None:
        """The face again; only what is seen clearly, no other face near, says how it moves."""
        wrong = change_between(self.predict(seconds), sight.landmarks_frame)
        self._behind = (CROP_GAINS - 1) * wrong
        if clearly:
            self._rate = next_rate(self._rate, wrong, self.unseen_seconds(seconds))
            self._clear.append((seconds, sight))
        while len(self._clear) > 1 and seconds - self._clear[0][0] > MEMORY_SECONDS:
            self._clear.popleft()
        self.face, self.seen, self._seen_seconds = TrackedFace.of(sight, self.id), True, seconds
        self._predicted = None

    def lose(self) -> None:
        """The face is not in this frame; it may come back."""
        self.seen = False

    def come_back(self, sight: Sight, seconds: float) -> None:
        """The face is seen again after it was not: how it moved before is over."""
        self._begin(TrackedFace.of(sight, self.id), seconds)
