"""Faces as the stream says them: steady landmarks, pose, expression, blinks, what seems covered."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.events import Blinks, FaceMessage
from device.signal.blink import BlinkCount
from device.signal.expression import Expression, eye_openings, within_ranges
from device.signal.occlusion import Occlusion
from device.signal.one_euro import OneEuro
from device.signal.pose import HeadPose, Lens, Placed, lens_of
from device.signal.settings import SignalSettings
from device.signal.smoothing import SMOOTHINGS, Smoothing, SteadyFace
from device.track import TrackedFace
from device.tracker import TrackedFrame

LONGEST_GAP_SECONDS = 0.5
"""Between two sights of a face, beyond which what moved between them is not known."""


class Reader:
    """Reads every face of a stream; what is known of each is kept by its id."""

    def __init__(self, settings: SignalSettings, *, follows: bool = True) -> None:
        """No face known yet.

        Args:
            settings: what to say and how steadily.
            follows: whether frames are of one scene; otherwise each is read by itself: no filter, and of
                all that is said of a face only the pose.
        """
        self._settings, self._follows = settings, follows
        self.sends_raw = settings.landmarks_raw
        """Whether the landmarks before the filter are sent too."""
        self._known: dict[int, FaceReader] = {}

    def read(self, tracked: TrackedFrame, size_wh: tuple[int, int], seconds: float) -> list[FaceMessage]:
        """The faces of a frame.

        Args:
            tracked: what the tracker says of it.
            size_wh: pixels of the frame.
            seconds: when the scene looked like this, of any steady clock.
        """
        lens = lens_of(size_wh, self._settings.view_degrees)
        if not self._follows:
            faces = [read_alone(face, lens, self._settings) for face in tracked.faces]
            return self._with_raw(faces, tracked)
        for number in tracked.lost_ids:
            self._known.pop(number, None)
        for number in self._known.keys() - {face.id for face in tracked.faces}:
            self._known[number].lose()
        faces = [self._of(face).read(face, lens, seconds) for face in tracked.faces]
        return self._with_raw(faces, tracked)

    def _with_raw(self, faces: list[FaceMessage], tracked: TrackedFrame) -> list[FaceMessage]:
        """The same faces, with the landmarks before the filter where those are wanted."""
        if not self.sends_raw:
            return faces
        return [
            replace(face, landmarks_raw=seen.landmarks_frame)
            for face, seen in zip(faces, tracked.faces, strict=True)
        ]

    def _of(self, face: TrackedFace) -> "FaceReader":
        """What is known of a face, perhaps nothing yet."""
        if face.id not in self._known:
            self._known[face.id] = FaceReader(self._settings)
        return self._known[face.id]


def _bare(face: TrackedFace, landmarks: NDArray[np.float64]) -> FaceMessage:
    """A face with nothing said beyond its landmarks (K, 2)."""
    box = face.box if landmarks is face.landmarks_frame else Box.around(landmarks)
    return FaceMessage(face.id, face.score, box, landmarks, face.landmark_scores)


def _is_readable(landmarks: NDArray[np.float64]) -> bool:
    """Whether pose and expression can be read: both are laid out on the 68 points of ibug_68."""
    return len(landmarks) == ibug_68.count and bool(np.isfinite(landmarks).all())


def read_alone(face: TrackedFace, lens: Lens, settings: SignalSettings) -> FaceMessage:
    """A face of a picture by itself."""
    message = _bare(face, face.landmarks_frame)
    if not (settings.expression and _is_readable(face.landmarks_frame)):
        return message
    placed = HeadPose().find(face.landmarks_frame, lens)
    return message if placed is None else replace(message, pose=placed.message(face.landmarks_frame))


class FaceReader:
    """Reads one face from frame to frame."""

    def __init__(self, settings: SignalSettings) -> None:
        """Not seen yet."""
        self._settings = settings
        self._smoothing: Smoothing | None = SMOOTHINGS.get(settings.smoothing)
        self._head, self._expression, self._occlusion = HeadPose(), Expression(), Occlusion()
        self._eyes = BlinkCount(), BlinkCount()
        self.lose()

    def lose(self) -> None:
        """The face is not in this frame: what it does is not known, what was learnt of it stays."""
        self._seconds: float | None = None
        self._steady: SteadyFace | None = None
        self._signals: OneEuro | None = None
        for eye in self._eyes:
            eye.forget()

    def read(self, face: TrackedFace, lens: Lens, seconds: float) -> FaceMessage:
        """One more sight of it, at an instant of any steady clock."""
        if not np.isfinite(face.landmarks_frame).all():
            # A filter that has swallowed one would give nothing else for ever.
            self.lose()
            return _bare(face, face.landmarks_frame)
        elapsed = self._elapsed(seconds)
        landmarks = self._steadied(face.landmarks_frame, elapsed)
        message = _bare(face, landmarks)
        if not (self._settings.expression and _is_readable(landmarks)):
            return message
        placed = self._head.find(landmarks, lens)
        signals = None if placed is None else self._express(placed, face.landmarks_frame, elapsed, seconds)
        return replace(
            message,
            pose=None if placed is None else placed.message(landmarks),
            signals=signals,
            blinks=Blinks(*(eye.count for eye in self._eyes)),
            occluded=self._occlusion.read(face.landmark_scores, elapsed),
        )

    def _elapsed(self, seconds: float) -> float:
        """Since the last sight; 0 for the first, and after a gap, which begins anew."""
        elapsed = 0.0 if self._seconds is None else seconds - self._seconds
        if not 0 < elapsed <= LONGEST_GAP_SECONDS:
            elapsed = 0.0
            self.lose()
        self._seconds = seconds
        return elapsed

    def _steadied(self, landmarks: NDArray[np.float64], elapsed: float) -> NDArray[np.float64]:
        """(K, 2) filtered."""
        if self._smoothing is None:
            return landmarks
        if self._steady is None:
            self._steady = SteadyFace(self._smoothing, landmarks)
            return landmarks
        return self._steady.follow(landmarks, elapsed)

    def _express(
        self, placed: Placed, landmarks: NDArray[np.float64], elapsed: float, seconds: float
    ) -> dict[str, float]:
        """Signals by name. From the raw landmarks: a filter of their own serves them better than two."""
        values = self._expression.read(placed.lift(landmarks), elapsed, placed.turn_degrees)
        for eye, opening in zip(self._eyes, eye_openings(values), strict=True):
            eye.note(opening, seconds)
        if self._smoothing is None:
            return within_ranges(values)
        if self._signals is None:
            self._signals = OneEuro(self._smoothing.signals, values)
            return within_ranges(values)
        return within_ranges(self._signals.follow(values, elapsed))
