"""Faces as the stream says them: steady landmarks, pose, expression, blinks, what seems covered."""

import cmath
import dataclasses
import logging

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.messages.messages import Blinks, FaceMessage
from device.signal.blink import BlinkCount
from device.signal.expression import Expression, eye_openings, within_ranges
from device.signal.occlusion import Occlusion
from device.signal.one_euro import OneEuro
from device.signal.pose import HeadPose, Lens, Placed, lens_of
from device.signal.settings import SignalSettings
from device.signal.smoothing import SMOOTHINGS, Smoothing, SteadyFace
from device.tracking.track import TrackedFace
from device.tracking.tracker import TrackedFrame

LONGEST_GAP_SECONDS = 0.5
"""Between two sights of a face, beyond which what moved between them is not known."""


NEEDED_SCHEME = ibug_68.name
"""Landmark scheme that pose, expression and occlusion are laid out on."""

log = logging.getLogger(__name__)


class Reader:
    """Reads every face of a stream; what is known of each is kept by its id."""

    def __init__(
        self, settings: SignalSettings, *, follows: bool = True, scheme: str = NEEDED_SCHEME
    ) -> None:
        """Begin without a known face.

        Args:
            settings: what is read, and how strongly it is filtered.
            follows: whether frames are of one scene; otherwise each is read by itself: no filter, and beyond
                the landmarks only the pose.
            scheme: of the landmarks; pose and expression are read from NEEDED_SCHEME only.
        """
        if settings.expression and scheme != NEEDED_SCHEME:
            log.info("no pose and no signals: they need landmark scheme %s, got %s", NEEDED_SCHEME, scheme)
            settings = dataclasses.replace(settings, expression=False)
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


def _bare(face: TrackedFace) -> FaceMessage:
    """A face with nothing said beyond its landmarks."""
    return FaceMessage(face.id, face.score, face.box, face.landmarks_frame, face.landmark_scores)


def _is_finite(face: TrackedFace) -> bool:
    """Whether all its landmarks are numbers: else their mean is none."""
    return cmath.isfinite(face.shape.middle)


def read_alone(face: TrackedFace, lens: Lens, settings: SignalSettings) -> FaceMessage:
    """A face of a picture by itself."""
    landmarks = face.landmarks_frame
    if not (settings.expression and _is_finite(face)):
        return _bare(face)
    placed = HeadPose().find(landmarks, lens)
    return _bare(face) if placed is None else replace(_bare(face), pose=placed.message)


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
        if not _is_finite(face):
            # A filter that has swallowed one would give nothing else for ever.
            self.lose()
            return _bare(face)
        elapsed = self._elapsed(seconds)
        landmarks = self._steadied(face, elapsed)
        box = face.box if landmarks is face.landmarks_frame else Box.around(landmarks)
        if not self._settings.expression:
            return FaceMessage(face.id, face.score, box, landmarks, face.landmark_scores)
        placed = self._head.find(landmarks, lens)
        return FaceMessage(
            face.id,
            face.score,
            box,
            landmarks,
            face.landmark_scores,
            pose=None if placed is None else placed.message,
            signals=None if placed is None else self._express(placed, face.landmarks_frame, elapsed, seconds),
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

    def _steadied(self, face: TrackedFace, elapsed: float) -> NDArray[np.float64]:
        """(K, 2) filtered landmarks."""
        if self._smoothing is None:
            return face.landmarks_frame
        if self._steady is None:
            self._steady = SteadyFace(self._smoothing, face.shape)
            return face.landmarks_frame
        return self._steady.follow(face.shape, elapsed)

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
