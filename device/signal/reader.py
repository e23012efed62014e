"""Tracked faces to face messages: smoothed landmarks, pose, expression signals, blinks, covered regions."""

import cmath
import dataclasses
import logging
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.messages.messages import Blinks, FaceMessage
from device.messages.signals import SIGNAL_NAMES
from device.signal.arkit import arkit_shapes
from device.signal.blink import BlinkCount
from device.signal.expression import Expression, eye_openings, within_ranges
from device.signal.occlusion import Occlusion
from device.signal.one_euro import OneEuro
from device.signal.pose import CameraIntrinsics, HeadPose, HeadPoseEstimate, intrinsics_of
from device.signal.settings import SignalSettings
from device.signal.smoothing import SMOOTHINGS, Smoothing, SteadyFace
from device.tracking.track import TrackedFace
from device.tracking.tracker import TrackedFrame

MAX_GAP_SECONDS = 0.5
"""Time between two observations of a face beyond which its filters start anew."""


NEEDED_SCHEME = ibug_68.name
"""Landmark scheme that pose, expression and occlusion are laid out on."""

log = logging.getLogger(__name__)


class Reader:
    """Reads every face of a stream, with the state of each kept by its id."""

    def __init__(
        self, settings: SignalSettings, *, follows: bool = True, scheme: str = NEEDED_SCHEME
    ) -> None:
        """No face is known yet.

        Args:
            settings: what is read, and how strongly it is filtered.
            follows: whether frames are of one scene; otherwise each is read by itself, without a filter, and
                nothing but the pose is added to the landmarks.
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
            tracked: the tracker's result.
            size_wh: pixels of the frame.
            seconds: when the frame was captured, by any steady clock.
        """
        camera = intrinsics_of(size_wh, self._settings.view_degrees)
        if not self._follows:
            faces = [read_alone(face, camera, self._settings) for face in tracked.faces]
            return self._with_raw(faces, tracked)
        for number in tracked.lost_ids:
            self._known.pop(number, None)
        for number in self._known.keys() - {face.id for face in tracked.faces}:
            self._known[number].lose()
        faces = [self._of(face).read(face, camera, seconds) for face in tracked.faces]
        return self._with_raw(faces, tracked)

    def _with_raw(self, faces: list[FaceMessage], tracked: TrackedFrame) -> list[FaceMessage]:
        """The same faces, with unfiltered landmarks where the settings ask for them."""
        if not self.sends_raw:
            return faces
        return [
            replace(face, landmarks_raw=seen.landmarks_frame)
            for face, seen in zip(faces, tracked.faces, strict=True)
        ]

    def _of(self, face: TrackedFace) -> "FaceReader":
        """The state of a face; a new one for a new face."""
        if face.id not in self._known:
            self._known[face.id] = FaceReader(self._settings)
        return self._known[face.id]


def _bare(face: TrackedFace) -> FaceMessage:
    """A face message with nothing but the landmarks."""
    return FaceMessage(face.id, face.score, face.box, face.landmarks_frame, face.landmark_scores)


def _is_finite(face: TrackedFace) -> bool:
    """Whether all landmarks are finite: otherwise their mean is not."""
    return cmath.isfinite(face.shape.centroid)


def read_alone(face: TrackedFace, camera: CameraIntrinsics, settings: SignalSettings) -> FaceMessage:
    """The message of a face in an unrelated picture."""
    landmarks = face.landmarks_frame
    if not (settings.expression and _is_finite(face)):
        return _bare(face)
    pose = HeadPose().find(landmarks, camera)
    return _bare(face) if pose is None else replace(_bare(face), pose=pose.message)


class FaceReader:
    """Reads one face from frame to frame."""

    def __init__(self, settings: SignalSettings) -> None:
        self._settings = settings
        self._smoothing: Smoothing | None = SMOOTHINGS.get(settings.smoothing)
        self._head, self._expression, self._occlusion = HeadPose(), Expression(), Occlusion()
        self._eyes = BlinkCount(), BlinkCount()
        self.lose()

    def lose(self) -> None:
        """The face is not in this frame: filters start anew, what was learnt of the face stays."""
        self._seconds: float | None = None
        self._steady: SteadyFace | None = None
        self._signals: OneEuro[NDArray[Any]] | None = None
        for eye in self._eyes:
            eye.forget()

    def read(self, face: TrackedFace, camera: CameraIntrinsics, seconds: float) -> FaceMessage:
        """The message of one more observation, at an instant of any steady clock."""
        if not _is_finite(face):
            # A NaN would stay in the filters for ever.
            self.lose()
            return _bare(face)
        elapsed = self._elapsed(seconds)
        landmarks = self._steadied(face, elapsed)
        box = face.box if landmarks is face.landmarks_frame else Box.around(landmarks)
        if not self._settings.expression:
            return FaceMessage(face.id, face.score, box, landmarks, face.landmark_scores)
        pose, (right, left) = self._head.find(landmarks, camera), self._eyes
        told = None if pose is None else self._express(pose, face.landmarks_frame, elapsed, seconds)
        return FaceMessage(
            face.id,
            face.score,
            box,
            landmarks,
            face.landmark_scores,
            pose=None if pose is None else pose.message,
            signals=None if told is None else {name: told[name] for name in SIGNAL_NAMES},
            blinks=Blinks(right.count, left.count),
            occluded=self._occlusion.read(face.landmark_scores, elapsed),
            arkit=None if told is None or not self._settings.arkit else arkit_shapes(told),
        )

    def _elapsed(self, seconds: float) -> float:
        """Time since the last observation; 0 for the first, and after a gap, which starts anew."""
        elapsed = 0.0 if self._seconds is None else seconds - self._seconds
        if not 0 < elapsed <= MAX_GAP_SECONDS:
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
        self, pose: HeadPoseEstimate, landmarks: NDArray[np.float64], elapsed: float, seconds: float
    ) -> dict[str, float]:
        """Every signal by name, from unfiltered landmarks: one filter of their own lags less than two."""
        values = self._expression.read(pose.back_project(landmarks), elapsed, pose.turn_degrees)
        for eye, opening in zip(self._eyes, eye_openings(values), strict=True):
            eye.note(opening, seconds)
        if self._smoothing is None:
            return within_ranges(values)
        if self._signals is None:
            self._signals = OneEuro(self._smoothing.signals, values)
            return within_ranges(values)
        return within_ranges(self._signals.follow(values, elapsed))
