"""One face through time: where it was, how it moves, where it should be now."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Self

import numpy as np

from device.tracking.motion import (
    CROP_LAG,
    REST,
    Change,
    Shape,
    ahead,
    change_between,
    changed,
    next_rate,
    steady_velocity,
)
from device.tracking.observation import Observation

SUSPECT_SECONDS = 0.3
"""What is about to hide a face pulls its landmarks for so long before: such observations are not trusted."""

MEMORY_SECONDS = 0.6
"""How long places are remembered: the time that is not trusted, and as long again to fit a velocity."""


TURN_CHECK_SECONDS = 5.0
"""Between two checks of a followed face's roll, each three passes of the network where its landmarks are in
doubt. A new face is checked when it is found."""

MAX_ROLL_STEP = math.pi / 4
"""Radians of roll between two frames beyond which the earlier roll was wrong, and is no motion."""


@dataclass(frozen=True, eq=False)
class TrackedFace(Observation):
    """One face in one frame."""

    id: int
    """The same from frame to frame while the face is followed; never used again."""

    @classmethod
    def of(cls, observation: Observation, number: int) -> Self:
        """An observation with the id of its face."""
        # What has been computed of the landmarks stays valid.
        face = object.__new__(cls)
        vars(face).update(vars(observation), id=number)
        return face


class Track:
    """A face that is followed, or was until a moment ago."""

    def __init__(self, face: TrackedFace, seconds: float) -> None:
        self._begin(face, seconds)

    def _begin(self, face: TrackedFace, seconds: float) -> None:
        """Start with a face at rest: nothing is known of its motion yet."""
        self._update(face, seconds)
        self._rate = self._behind = REST
        self._aim: Shape | None = None
        self._turn_checked_seconds = seconds
        # Observations and their instants with no other face near, for when later ones cannot be trusted.
        self._trusted: deque[tuple[float, Observation]] = deque([(seconds, face)])

    def _update(self, face: TrackedFace, seconds: float) -> None:
        self.face, self.seen, self._seen_seconds = face, True, seconds
        self._predicted: tuple[float, Shape] | None = None

    @property
    def id(self) -> int:
        """The face's id."""
        return self.face.id

    def turn_check_is_due(self, seconds: float) -> bool:
        """Whether the face's roll is to be checked in this frame; the next check is then due later."""
        due = not 0 <= seconds - self._turn_checked_seconds < TURN_CHECK_SECONDS
        if due:
            self._turn_checked_seconds = seconds
        return due

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
        """Where to crop now: where the landmarks should be or, if that is near, where the last crop was.

        A crop that follows the noise of the last landmarks adds to the noise of the next.
        """
        expected = self.predict(seconds)
        if self._aim is None or not change_between(self._aim, expected).is_held(self.face.size):
            self._aim = expected
        return self._aim

    def coast(self, seconds: float) -> Shape:
        """Where the landmarks should be now, extrapolated from the last trusted places."""
        before = [place for place in self._trusted if place[0] <= self._seen_seconds - SUSPECT_SECONDS]
        places = before or [self._trusted[0]]
        instants = np.array([instant for instant, _ in places])
        velocity = steady_velocity(
            instants, np.array([observation.shape.centroid for _, observation in places])
        )
        last, observation = places[-1]
        return changed(observation.shape, ahead(Change(velocity), seconds - last))

    def see(self, observation: Observation, seconds: float, *, clearly: bool) -> None:
        """Update by an observation; only a clear one, with no other face near, changes the motion."""
        error = change_between(self.predict(seconds), observation.shape)
        if abs(error.turn.imag) > MAX_ROLL_STEP:
            self.come_back(observation, seconds)
            return
        # The next crop makes good all of the move, and half of the turn.
        self._behind = error.scaled(*CROP_LAG)
        if clearly:
            self._rate = next_rate(self._rate, error, self.unseen_seconds(seconds))
            self._trusted.append((seconds, observation))
        while len(self._trusted) > 1 and seconds - self._trusted[0][0] > MEMORY_SECONDS:
            self._trusted.popleft()
        self._update(TrackedFace.of(observation, self.id), seconds)

    def lose(self) -> None:
        """Mark the face as not seen in this frame; it may come back."""
        self.seen = False

    def come_back(self, observation: Observation, seconds: float) -> None:
        """Start again from a face that was found again: its earlier motion no longer counts."""
        self._begin(TrackedFace.of(observation, self.id), seconds)
